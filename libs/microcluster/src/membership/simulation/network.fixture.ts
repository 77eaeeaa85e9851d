/** The calls of simulated members to each other: the real client, whose requests go through the scheduler. */
import { MicroclusterClient } from '../../client/index.js';
import { MicroclusterClientError } from '../../client/client-error.js';
import { isMicroclusterError } from '../../errors/index.js';
import { EffectFailed, type Life, type Scheduler } from './scheduler.fixture.js';

/** A request as it arrives. */
export interface SimulatedRequest {
  /** Method and path. */
  readonly call: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly isNotification: boolean;
  /** Certificate of the caller. */
  readonly certificate: string;
}

/** Somebody who answers. */
export interface Listener {
  readonly life: Life;
  /** @throws MicroclusterError that the caller is answered */
  handle(request: SimulatedRequest): Promise<unknown>;
}

/** Who calls, and through what. */
export interface Caller {
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly identity: { readonly certificate: string; readonly privateKey: string };
  /** Who listens at an address, if anybody does. */
  readonly listenerAt: (address: string) => Listener | undefined;
}

type Answer = { readonly metadata: unknown } | { readonly error: unknown };

/** A client whose requests and answers may be lost, and whose server may die before it answers. */
export class SimulatedClient extends MicroclusterClient {
  readonly #caller: Caller;
  readonly #address: string;

  constructor(caller: Caller, address: string) {
    super({ address, identity: caller.identity, trusted: caller.identity.certificate });
    this.#caller = caller;
    this.#address = address;
  }

  override async request(
    ...[method, path, options = {}]: Parameters<MicroclusterClient['request']>
  ): Promise<unknown> {
    const { scheduler, life, identity, listenerAt } = this.#caller;
    const call = `${method} ${path}`;
    const request: SimulatedRequest = {
      call,
      query: options.query ?? {},
      body: options.body,
      isNotification: options.notification ?? false,
      certificate: identity.certificate,
    };
    try {
      const begun = await scheduler.effect(life, call, () => {
        const listener = listenerAt(this.#address);
        if (listener === undefined) throw new EffectFailed(call, 'failed');
        return { answer: answerOf(listener, request) };
      });
      const answer = await begun.answer;
      await scheduler.effect(life, `the answer to ${call}`, () => undefined);
      if ('error' in answer) throw answer.error;
      return answer.metadata;
    } catch (error) {
      throw failureOf(call, error);
    }
  }
}

async function answerOf(listener: Listener, request: SimulatedRequest): Promise<Answer> {
  const died = listener.life.over.then((): Answer => ({
    error: MicroclusterClientError.local('DISCONNECTED', 'the member died'),
  }));
  const handled = listener.handle(request).then(
    (metadata): Answer => ({ metadata }),
    (error: unknown): Answer => ({ error: repliedWith(error) }),
  );
  return Promise.race([died, handled]);
}

function repliedWith(error: unknown): MicroclusterClientError {
  if (error instanceof MicroclusterClientError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return MicroclusterClientError.replied(isMicroclusterError(error) ? error.status : 500, text);
}

function failureOf(call: string, error: unknown): Error {
  if (!(error instanceof EffectFailed)) return error instanceof Error ? error : new Error(call);
  const code = error.outcome === 'failed' ? 'UNREACHABLE' : 'TIMEOUT';
  return MicroclusterClientError.local(code, error.message, error);
}
