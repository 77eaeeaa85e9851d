/** What a client asked, when, and what it learned about it. */

interface Asked<Call> {
  /** Who asked; one client does one thing at a time. */
  readonly client: number;
  readonly call: Call;
  /** Milliseconds since the run began. */
  readonly began: number;
}

/** It took effect, between `began` and `ended`. */
export interface Succeeded<Call, Answer> extends Asked<Call> {
  readonly outcome: 'ok';
  readonly ended: number;
  readonly answer: Answer;
}

/** It had no effect and never will. */
export interface Failed<Call> extends Asked<Call> {
  readonly outcome: 'failed';
  readonly ended: number;
  readonly reason: string;
}

/** It may take effect at any time after `began`, or never: for a checker it stays concurrent for ever. */
export interface Unknown<Call> extends Asked<Call> {
  readonly outcome: 'unknown';
  readonly ended: number;
  readonly reason: string;
}

export type Operation<Call, Answer> = Succeeded<Call, Answer> | Failed<Call> | Unknown<Call>;
