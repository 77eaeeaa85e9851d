/** Events as messages of a WebSocket: one event, in JSON, is one text message. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { EventSink } from './event-streams.js';
import { wireText } from './wire-text.js';

/** Status of a close because the daemon or its listener goes away (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
/** Nobody has anything to say here. */
const MAX_MESSAGE_BYTES = 1024;

/** Speaks WebSocket on sockets whose request was admitted already. */
export class EventWebSockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });

  /**
   * Answers the handshake; a request that is no valid one is answered 400 or 426.
   *
   * @param onOpen called with what sends to the client, and a signal that aborts when it has gone
   */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    onOpen: (sink: EventSink, gone: AbortSignal) => void,
  ): void {
    this.server.handleUpgrade(request, socket, head, (client) => {
      const gone = new AbortController();
      client.on('close', () => gone.abort());
      client.on('error', () => client.terminate());
      onOpen(sinkOf(client), gone.signal);
    });
  }
}

function sinkOf(client: WebSocket): EventSink {
  let isAlive = true;
  client.on('pong', () => {
    isAlive = true;
  });
  const send = (text: string) =>
    new Promise<void>((resolve, reject) => {
      client.send(text, (error) => (error ? reject(error) : resolve()));
    });
  return {
    async send(item) {
      if (item !== 'idle') return send(wireText(item));
      // A client that left the last ping unanswered has gone without saying so.
      if (!isAlive) throw new Error('The client does not answer pings');
      isAlive = false;
      client.ping();
    },
    end: () => client.close(GOING_AWAY, 'This listener is closing'),
    cut: () => client.terminate(),
  };
}
