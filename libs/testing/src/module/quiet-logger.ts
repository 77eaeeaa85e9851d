/** The logger of a daemon under test, unless the test brings its own: errors only, as in every Nest test. */
import { ConsoleLogger, type LoggerService } from '@nestjs/common';

export function quietLogger(): LoggerService {
  return new ConsoleLogger({ logLevels: ['error', 'fatal'] });
}
