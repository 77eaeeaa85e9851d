/** OpenAPI documents of what a daemon serves: `@microcluster/nest/openapi`, which needs `@nestjs/swagger`. */
export { openApiDocument, type OpenApiDocumentOptions } from './describe-listener.js';
export type * from './openapi-document.js';
export { serveOpenApi, type ServeOpenApiOptions } from './serve-openapi.js';
export type { JsonSchema } from './wire-schema.js';
