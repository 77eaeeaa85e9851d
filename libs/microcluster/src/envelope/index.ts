/** The answer envelope, and writing it. */
export { ENVELOPE_CONTENT_TYPE, errorEnvelope, successEnvelope } from './envelope.js';
export {
  ERROR_CODE_HEADER,
  answerError,
  answerReport,
  answerSuccess,
  discardBody,
} from './raw-answer.js';
