/** Makes the document of one listener. */
import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { SwaggerDocumentOptions } from '@nestjs/swagger';
import { UNIX_LISTENER } from '../access/index.js';
import { adapterOfApplication } from './adapter-of-application.js';
import { coreOperations } from './core-operations.js';
import { ERROR_RESPONSE, ERROR_SCHEMA, TRUSTED_CERTIFICATE } from './envelope-schemas.js';
import type { OpenApiDocument, OpenApiInfo } from './openapi-document.js';
import { schemaNames } from './schema-names.js';
import { userOperations } from './user-operations.js';

/** What a document says besides the endpoints. */
export interface OpenApiDocumentOptions {
  /** Title, version and description of the application. Default: the name of the listener, and version `0`. */
  readonly info?: OpenApiInfo;
  /** Where the listener can be reached, such as `https://10.0.0.1:8443`. Default: where the document came from. */
  readonly servers?: OpenApiDocument['servers'];
  /** Describe the Core API, too, where the listener serves it. Default `true`. */
  readonly coreApi?: boolean;
  /** How `@nestjs/swagger` reads the controllers. */
  readonly swagger?: SwaggerDocumentOptions;
}

/**
 * Describes what one listener serves: the Core API as far as it is there, and the application's controllers,
 * in the envelope that their answers travel in.
 *
 * @param app initialised: its routes are known
 * @param listener `core`, `unix`, `pre-init`, or the name of an additional server
 * @returns an OpenAPI 3.1 document, a plain object
 * @throws TypeError when the application has no such listener or another adapter
 */
export function openApiDocument(
  app: INestApplication,
  listener: string,
  options: OpenApiDocumentOptions = {},
): OpenApiDocument {
  const { info, servers, coreApi = true, swagger = {} } = options;
  const served = adapterOfApplication(app, [listener]).servedOn(listener);
  const names = schemaNames();
  const core = coreApi ? coreOperations(served.core, listener, names) : {};
  const user = userOperations(app, app.get(ModulesContainer, { strict: false }), served, swagger);
  return {
    openapi: '3.1.0',
    info: info ?? { title: `The listener ${listener}`, version: '0' },
    ...(servers && { servers }),
    paths: { ...core, ...user.paths },
    components: {
      schemas: { Error: ERROR_SCHEMA, ...Object.fromEntries(names.components), ...user.schemas },
      responses: { Error: ERROR_RESPONSE },
      securitySchemes: {
        ...user.securitySchemes,
        ...(listener !== UNIX_LISTENER && { [TRUSTED_CERTIFICATE]: TRUSTED_CERTIFICATE_SCHEME }),
      },
    },
  };
}

const TRUSTED_CERTIFICATE_SCHEME = {
  type: 'mutualTLS',
  description: 'A client certificate that this member trusts: that of a member of the cluster.',
};
