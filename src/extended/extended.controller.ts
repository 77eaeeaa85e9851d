/** Asks all other members and collects their answers: how an endpoint talks to the whole cluster. */
import type { IncomingMessage } from 'node:http';
import { BadRequestException, Body, Controller, Post, Req } from '@nestjs/common';
import {
  AllowUntrusted,
  ClusterState,
  CoreApi,
  requestContext,
  ServeUnix,
} from '@microcluster/nest';
import { z } from 'zod';

const PATH = '1.0/extended';
const MESSAGE = 'Testing 1 2 3...';

const messageSchema = z.object({ sender: z.string(), message: z.string() });
const answerSchema = z.string();

@CoreApi()
@ServeUnix()
@Controller(PATH)
export class ExtendedController {
  constructor(private readonly cluster: ClusterState) {}

  /**
   * A client's request is passed on to all other members; one that a member has passed on is answered.
   *
   * @returns the answers of the others, a line each; or this member's own
   */
  @Post()
  @AllowUntrusted()
  async exchange(
    @Body() body: unknown,
    @Req() request: { readonly raw: IncomingMessage },
  ): Promise<string> {
    return requestContext(request).isNotification ? this.answer(body) : this.askOthers();
  }

  private answer(body: unknown): string {
    const received = messageSchema.safeParse(body);
    if (!received.success) throw new BadRequestException('Send a sender and a message');
    const { sender, message } = received.data;
    return `cluster member at address "${this.cluster.address}" received message "${message}" from cluster member at address "${sender}"`;
  }

  private async askOthers(): Promise<string> {
    const body = { sender: this.cluster.address, message: MESSAGE };
    // As a notification, or each of them would ask all others in turn.
    const replies = await this.cluster.askOthers(async (client) =>
      answerSchema.parse(await client.request('POST', `/${PATH}`, { body, notification: true })),
    );
    const answers = replies.map((reply) => {
      if ('error' in reply) throw reply.error;
      return reply.answer;
    });
    return answers.join('\n');
  }
}
