/** The exception filter of a daemon's application: every error becomes the envelope, defects are logged once. */
import {
  Catch,
  HttpException,
  Inject,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { describeError } from '../errors/index.js';

/** What a client reads when a handler of the application failed in a way nobody foresaw, as in any Nest application. */
const DEFECT_TEXT = 'Internal server error';

/** To be provided as `APP_FILTER`; filters that the user registers come first. */
@Catch()
export class EnvelopeExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('ExceptionsHandler');

  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  catch(exception: unknown, context: ArgumentsHost): void {
    const adapter = this.host.httpAdapter;
    const response: unknown = context.getArgByIndex(1);
    const report = describeError(exception);
    if (report.isDefect) {
      this.logger.error(
        exception instanceof Error ? (exception.stack ?? exception.message) : exception,
      );
    }
    if (adapter.isHeadersSent(response)) {
      adapter.end(response);
      return;
    }
    if (exception instanceof HttpException) {
      adapter.reply(response, bodyOf(exception), exception.getStatus());
      return;
    }
    const message = report.isDefect ? DEFECT_TEXT : report.text;
    adapter.reply(
      response,
      { message, ...(report.code !== undefined && { errorCode: report.code }) },
      report.status,
    );
  }
}

/** The body that Nest would send for an HttpException. */
function bodyOf(exception: HttpException): object {
  const response = exception.getResponse();
  if (typeof response === 'object') return response;
  const { errorCode } = exception;
  return { message: response, ...(errorCode !== undefined && { errorCode }) };
}
