import { describe, expect, it } from 'vitest';
import { forwardedHeaders } from './forwarded-headers.js';

describe('the headers of a request that is passed on', () => {
  it('are those of the request, without the ones of its connection', () => {
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
