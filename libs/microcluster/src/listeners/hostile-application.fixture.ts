/** Every application-wide setting that a user could make, each as hostile as can be. */
import {
  Catch,
  Injectable,
  Module,
  VersioningType,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type MiddlewareConsumer,
  type NestInterceptor,
  type NestModule,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { map } from 'rxjs';

@Injectable()
class DenyAll implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class Mangle implements PipeTransform {
  transform(): string {
    return 'mangled';
  }
}

@Injectable()
class Wrap implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ wrapped: data })));
  }
}

@Catch()
class Swallow implements ExceptionFilter {
  catch(_exception: unknown, host: ArgumentsHost): void {
    host.switchToHttp().getResponse().status(200).send({ swallowed: true });
  }
}

/** Global enhancers as providers, and middleware for every path that answers by itself. */
@Module({
  providers: [
    { provide: APP_GUARD, useClass: DenyAll },
    { provide: APP_PIPE, useClass: Mangle },
    { provide: APP_INTERCEPTOR, useClass: Wrap },
    { provide: APP_FILTER, useClass: Swallow },
  ],
})
export class HostileModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((_request: unknown, response: { end(text: string): void }) => {
        response.end('middleware');
      })
      .forRoutes('{*path}');
  }
}

/** The same as settings of the application, with prefix, versioning, CORS, middleware and Fastify hooks. */
export function makeHostile(app: INestApplication): void {
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.useGlobalGuards(new DenyAll());
  app.useGlobalPipes(new Mangle());
  app.useGlobalInterceptors(new Wrap());
  app.useGlobalFilters(new Swallow());
  app.enableCors({ origin: 'https://example.com' });
  app.use((_request: unknown, response: { statusCode: number; end(text: string): void }) => {
    response.statusCode = 418;
    response.end('teapot');
  });
  const adapter = app.getHttpAdapter();
  if (!(adapter instanceof FastifyAdapter)) throw new TypeError('not a Fastify application');
  const fastify: FastifyInstance = adapter.getInstance();
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-hook', 'hostile');
    done();
  });
  fastify.addHook('onSend', (_request, _reply, _payload, done) => {
    done(null, 'replaced');
  });
}
