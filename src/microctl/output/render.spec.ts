import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { assertFormat, render } from './render.js';

const objects = [{ name: 'c10', count: 2n ** 63n, extensions: ['a'], none: null }];
const listing = { header: ['NAME'], rows: [['c10'], ['c2'], ['C1']], objects };

describe('render', () => {
  it('sorts rows naturally in the formats for people', () => {
    expect(render('csv', listing)).toBe('C1\nc2\nc10\n');
    expect(render('compact', listing)).toBe(' NAME\n C1\n c2\n c10\n');
  });

  it('prints json on one line, with all digits of a large number', () => {
    expect(render('json', listing)).toBe(
      '[{"name":"c10","count":9223372036854775808,"extensions":["a"],"none":null}]\n',
    );
  });

  it('prints yaml that reads back', () => {
    const certificate = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';
    const members = [
      { clustermemberlocal: { name: 'c1', certificate }, role: 'voter', secret: '' },
    ];
    const text = render('yaml', { ...listing, objects: members });
    expect(text).toMatch(/^- clustermemberlocal:\n {4}name: c1\n {4}certificate: \|\n/);
    expect(parse(text)).toEqual(members);
  });
});

describe('assertFormat', () => {
  it('names an unknown format', () => {
    expect(() => assertFormat('xml')).toThrow('Invalid format "xml"');
  });
});
