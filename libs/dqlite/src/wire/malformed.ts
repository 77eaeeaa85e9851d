/** The error of bytes that are not the protocol; the connection turns it into `PROTOCOL` and closes itself. */

/** Thrown by the decoder. `reason` describes the bytes, never their content. */
export class MalformedMessage extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'MalformedMessage';
  }
}
