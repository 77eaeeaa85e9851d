/** The shape of the documents: the part of OpenAPI 3.1 that is written here. */
import type { JsonSchema } from './wire-schema.js';

/** A response by its status. */
export interface OpenApiResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

/** One method of one path. */
export interface OpenApiOperation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, OpenApiResponse | OpenApiReference>>;
  /** Who may call it; missing means everybody who reaches the listener. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface OpenApiReference {
  readonly $ref: string;
}

/** The operations of each path, by method in lower case. */
export type OpenApiPaths = Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;

/** What is said of the application as a whole. */
export interface OpenApiInfo {
  readonly title: string;
  /** Of the application, not of OpenAPI. */
  readonly version: string;
  readonly description?: string;
}

/** The document of one listener. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: OpenApiInfo;
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  readonly tags?: readonly object[];
  readonly paths: OpenApiPaths;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, OpenApiResponse>>;
    readonly securitySchemes?: Readonly<Record<string, object>>;
  };
}
