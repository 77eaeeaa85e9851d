/** The application's own endpoints on one listener: what `@nestjs/swagger` says of them, made true to the envelope. */
import type { INestApplication } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule, type SwaggerDocumentOptions } from '@nestjs/swagger';
import type { RegisteredRoute, ServedRoutes } from '../listeners/index.js';
import {
  ERROR,
  reasonPhrase,
  refusals,
  securityOf,
  successSchema,
  targetParameter,
} from './envelope-schemas.js';
import type {
  OpenApiOperation,
  OpenApiPaths,
  OpenApiReference,
  OpenApiResponse,
} from './openapi-document.js';
import type { JsonSchema } from './wire-schema.js';

/** Paths and the schemas that they refer to. */
export interface UserOperations {
  readonly paths: OpenApiPaths;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  readonly securitySchemes: Readonly<Record<string, object>>;
}

const JSON_TYPE = /^application\/json\b/;

/** The operations of the controllers that `listener` serves. */
export function userOperations(
  app: INestApplication,
  modules: ModulesContainer,
  served: ServedRoutes,
  options: SwaggerDocumentOptions,
): UserOperations {
  const config = new DocumentBuilder().setOpenAPIVersion('3.1.0').build();
  const described = SwaggerModule.createDocument(servedOnly(app, modules, served), config, options);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const [path, item] of Object.entries(described.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const route = served.routes.find((known) => isOf(known, method, path));
      if (route === undefined || !isOperation(operation)) continue;
      const operations = (paths[path] ??= {});
      operations[method] = enveloped(operation, route, served.listener);
    }
  }
  return {
    paths,
    schemas: Object.fromEntries(
      Object.entries(described.components?.schemas ?? {}).map(([name, schema]) => [
        name,
        { ...schema },
      ]),
    ),
    securitySchemes: { ...described.components?.securitySchemes },
  };
}

/**
 * The application as Swagger's scanner sees it, with nothing but the controllers of one listener: two
 * listeners may own the same path, which a document of all of them could not tell apart.
 */
function servedOnly(
  app: INestApplication,
  modules: ModulesContainer,
  served: ServedRoutes,
): INestApplication {
  const kept = new Map(
    [...modules].map(([key, module]) => [
      key,
      Object.create(module, {
        controllers: {
          value: new Map(
            [...module.controllers].filter(
              ([, { metatype }]) => typeof metatype === 'function' && served.serves(metatype),
            ),
          ),
        },
      }),
    ]),
  );
  const container: unknown = Reflect.get(app, 'container');
  if (typeof container !== 'object' || container === null) {
    throw new TypeError('This version of Nest keeps its modules elsewhere; it cannot be described');
  }
  const getModules = () => Object.assign(kept, { applicationId: modules.applicationId });
  const view: INestApplication = Object.create(app, {
    container: { value: Object.create(container, { getModules: { value: getModules } }) },
  });
  return view;
}

/** `/items/:id` is `/items/{id}`; a wildcard has any name. */
function isOf(route: RegisteredRoute, method: string, path: string): boolean {
  const shape = (text: string) => text.replaceAll(/\{[^}]+\}|:[^/]+|\*[^/]*/g, '*');
  return route.method.toLowerCase() === method && shape(route.path) === shape(path);
}

function isOperation(value: unknown): value is OpenApiOperation {
  return typeof value === 'object' && value !== null && 'responses' in value;
}

function enveloped(
  operation: OpenApiOperation,
  route: RegisteredRoute,
  listener: string,
): OpenApiOperation {
  const { rule } = route;
  const responses = Object.entries(operation.responses).map(
    ([status, response]): [string, OpenApiResponse | OpenApiReference] => {
      // The framework answers a POST 200 unless the handler asks for something else.
      const sent = status === '201' && route.impliesCreated ? '200' : status;
      return [sent, envelopedResponse(Number(sent), response, route)];
    },
  );
  const parameters = [...(operation.parameters ?? []), ...targetParameter(rule)];
  const takesInput = operation.requestBody !== undefined || parameters.length > 0;
  return {
    ...operation,
    parameters,
    responses: {
      ...(takesInput && { 400: ERROR }),
      ...refusals(rule, listener),
      ...Object.fromEntries(responses),
    },
    ...securityOf(rule, listener),
  };
}

function envelopedResponse(
  status: number,
  response: OpenApiResponse | OpenApiReference,
  route: RegisteredRoute,
): OpenApiResponse | OpenApiReference {
  if ('$ref' in response || route.rawResponse) return response;
  const isError = !(status < 400);
  if (isError) {
    return {
      description: response.description === '' ? 'Error' : response.description,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  }
  const described = { ...response, description: response.description || reasonPhrase(status) };
  if (status === 204 || status === 304) return described;
  // Swagger says nothing of the content of what it knows no type of: it is some JSON, in the envelope.
  const content = Object.entries(response.content ?? { 'application/json': {} });
  return {
    ...described,
    content: Object.fromEntries(
      content.map(([type, media]) => [
        type,
        JSON_TYPE.test(type)
          ? { ...media, schema: successSchema(status, media.schema ?? {}) }
          : media,
      ]),
    ),
  };
}
