/** The documents of a running application, held against what its listeners answer. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openApiDocument, serveOpenApi, type OpenApiDocument } from '@microcluster/nest/openapi';
import { Test, inject, type InjectRequest } from '@microcluster/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { catalogue } from '../conformance/catalogue.js';
import { NotesModule } from './notes.fixture.js';

let app: NestFastifyApplication;

beforeAll(async () => {
  const module = await Test.createTestingModule(
    { imports: [NotesModule] },
    { bootstrap: true },
  ).compile();
  app = module.createNestApplication<NestFastifyApplication>();
  serveOpenApi(app, {
    listeners: ['unix', 'core', 'reports'],
    info: { title: 'Notes', version: '1.0.0' },
  });
  await app.init();
});

afterAll(async () => {
  await app.close();
});

const trusted = { listener: 'core', peer: 'trusted' } as const;

/** What `document` says about an answer that the application really gave. */
async function mismatches(document: OpenApiDocument, request: InjectRequest, path?: string) {
  const reply = await inject(app, request);
  const operation =
    document.paths[path ?? String(request.url)]?.[request.method?.toLowerCase() ?? 'get'];
  const response = operation?.responses[reply.statusCode] ?? operation?.responses['default'];
  if (response === undefined) return [`${reply.statusCode} is not described`];
  const found = '$ref' in response ? document.components.responses['Error'] : response;
  const schema = found?.content?.['application/json']?.schema;
  if (schema === undefined) return reply.body === '' ? [] : [`a body is not described`];
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ ...document, $id: 'document' });
  const local = JSON.stringify(schema).replaceAll('"#/', '"document#/');
  const check = ajv.compile(z.record(z.string(), z.unknown()).parse(JSON.parse(local)));
  return check(reply.json())
    ? []
    : (check.errors ?? []).map((e) => `${e.instancePath} ${e.message}`);
}

describe('the document of a listener', () => {
  it('has every endpoint of the Core API that the listener serves, with a summary', () => {
    const letters = { core: 'N', unix: 'U', 'pre-init': 'P' } as const;
    for (const [listener, letter] of Object.entries(letters)) {
      const { paths } = openApiDocument(app, listener);
      const expected = catalogue.filter((row) => row.listeners.some((served) => served === letter));
      for (const { method, path, untrusted } of expected) {
        const operation = paths[path]?.[method.toLowerCase()];
        expect({ listener, method, path, summary: operation?.summary }).toMatchObject({
          summary: expect.stringMatching(/^[A-Z]/),
        });
        expect(operation?.security !== undefined).toBe(!untrusted && listener !== 'unix');
      }
      const core = Object.entries(paths).filter(([path]) => path.startsWith('/core'));
      const undocumented = core.flatMap(([path, operations]) =>
        Object.entries(operations).flatMap(([method, { summary }]) =>
          summary === undefined ? [`${method} ${path}`] : [],
        ),
      );
      expect(undocumented).toEqual([]);
    }
  });

  it('has the controllers of that listener alone', () => {
    const onCore = openApiDocument(app, 'core').paths;
    const onReports = openApiDocument(app, 'reports').paths;
    expect(Object.keys(onReports)).toEqual(['/1.0/notes']);
    expect(Object.keys(onReports['/1.0/notes'] ?? {})).toEqual(['get']);
    expect(Object.keys(onCore['/1.0/notes'] ?? {}).toSorted()).toEqual(['get', 'post']);
    expect(JSON.stringify(onReports)).toContain('"metadata":{"type":"number"}');
    expect(Object.keys(openApiDocument(app, 'pre-init').paths)).not.toContain('/1.0/notes');
  });

  it('can leave the Core API out', () => {
    const { paths } = openApiDocument(app, 'core', { coreApi: false });
    expect(Object.keys(paths).filter((path) => path.startsWith('/core'))).toEqual([]);
  });

  it('says who may call, what is proxied, and which status a POST has', () => {
    const { paths } = openApiDocument(app, 'core');
    expect(paths['/1.0/notes/health']?.['get']?.security).toBeUndefined();
    expect(paths['/1.0/notes']?.['get']?.security).toEqual([{ trustedCertificate: [] }]);
    expect(paths['/1.0/notes/{id}']?.['put']?.parameters).toContainEqual(
      expect.objectContaining({ name: 'target', in: 'query' }),
    );
    expect(Object.keys(paths['/1.0/notes']?.['post']?.responses ?? {})).not.toContain('201');
    expect(paths['/1.0/notes']?.['post']?.requestBody).toMatchObject({
      content: { 'application/json': { schema: expect.anything() } },
    });
  });

  it('is refused for a listener that there is not', () => {
    expect(() => openApiDocument(app, 'report')).toThrow(
      'has no listener "report"; it has core, unix',
    );
  });

  it.each<[string, InjectRequest, string?]>([
    ['the server', { ...trusted, url: '/core/1.0' }],
    ['readiness', { ...trusted, url: '/core/1.0/ready' }],
    ['members', { ...trusted, url: '/core/1.0/cluster' }],
    ['the configuration', { ...trusted, url: '/core/1.0/daemon/config' }],
    ['the report', { ...trusted, url: '/core/internal/report' }],
    ['a refusal', { listener: 'core', peer: 'stranger', url: '/core/1.0/cluster' }],
    [
      'no such token',
      { ...trusted, method: 'DELETE', url: '/core/1.0/tokens/x' },
      '/core/1.0/tokens/{name}',
    ],
    [
      'a wrong body',
      { ...trusted, method: 'PUT', url: '/core/1.0/daemon/config', payload: { servers: 1 } },
    ],
    ['notes', { ...trusted, url: '/1.0/notes' }],
    ['a new note', { ...trusted, method: 'POST', url: '/1.0/notes', payload: { text: 'a' } }],
    ['a conflict', { ...trusted, method: 'POST', url: '/1.0/notes', payload: { text: 'a' } }],
    ['a wrong note', { ...trusted, method: 'POST', url: '/1.0/notes', payload: { text: 7 } }],
    ['nothing', { ...trusted, method: 'PUT', url: '/1.0/notes/1' }, '/1.0/notes/{id}'],
    ['a stranger', { listener: 'core', peer: 'stranger', url: '/1.0/notes' }],
    ['health', { listener: 'core', peer: 'stranger', url: '/1.0/notes/health' }],
  ])('describes the answer of %s as it is', async (_what, request, path) => {
    expect(await mismatches(openApiDocument(app, 'core'), request, path)).toEqual([]);
  });

  it('describes the SQL of the control socket as it is', async () => {
    const request: InjectRequest = {
      method: 'POST',
      url: '/core/control/sql',
      payload: { query: 'SELECT 1 AS a' },
    };
    expect(await mismatches(openApiDocument(app, 'unix'), request)).toEqual([]);
  });

  it('finds an answer that is not as described', async () => {
    const document = openApiDocument(app, 'core');
    const wrong: OpenApiDocument = {
      ...document,
      paths: {
        '/core/1.0': {
          get: {
            responses: {
              200: {
                description: '',
                content: {
                  'application/json': { schema: { type: 'object', required: ['more'] } },
                },
              },
            },
          },
        },
      },
    };
    expect(await mismatches(wrong, { ...trusted, url: '/core/1.0' })).not.toEqual([]);
  });
});

describe('the served document', () => {
  it('is that of the listener, for those who are trusted there', async () => {
    const replies = await Promise.all([
      inject(app, { listener: 'unix', url: '/openapi.json' }),
      inject(app, { ...trusted, url: '/openapi.json' }),
      inject(app, { listener: 'reports', peer: 'trusted', url: '/openapi.json' }),
    ]);
    const documents = replies.map((reply) => reply.json());
    for (const [at, listener] of ['unix', 'core', 'reports'].entries()) {
      const info = { title: 'Notes', version: '1.0.0' };
      expect(documents[at]).toEqual(
        JSON.parse(JSON.stringify(openApiDocument(app, listener, { info }))),
      );
    }
  });

  it('is not shown to strangers, and not served where nobody asked for it', async () => {
    const stranger = await inject(app, {
      listener: 'core',
      peer: 'stranger',
      url: '/openapi.json',
    });
    expect(stranger.statusCode).toBe(403);
    const elsewhere = await inject(app, { listener: 'pre-init', url: '/openapi.json' });
    expect(elsewhere.statusCode).toBe(404);
  });

  it('cannot take a path of the Core API', () => {
    expect(() => serveOpenApi(app, { listeners: ['unix'], path: '/core/openapi.json' })).toThrow(
      'reserved namespace "/core"',
    );
  });
});
