import { describe, expect, it } from 'vitest';
import { forwardedHeaders } from './forwarded-headers.js';

describe('the headers of a request that is passed on', () => {
  it('are those of the request, without those of its connection and those about the answer', () => {
    const headers = {
      host: '10.0.0.1:8443',
      connection: 'keep-alive, X-Mine',
      'keep-alive': 'timeout=5',
      'x-mine': 'this connection only',
      'content-length': '2',
      'transfer-encoding': 'chunked',
      te: 'trailers',
      upgrade: 'websocket',
      'proxy-authorization': 'Basic secret',
      'accept-encoding': 'gzip',
      'if-none-match': '"1"',
      range: 'bytes=0-1',
      'user-agent': 'lxd-cluster-notifier',
      'content-type': 'application/json',
      'set-cookie': ['a=1', 'b=2'],
    };
    expect(forwardedHeaders(headers)).toEqual({
      'user-agent': 'lxd-cluster-notifier',
      'content-type': 'application/json',
      'set-cookie': 'a=1, b=2',
    });
  });
});
