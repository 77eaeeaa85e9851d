import { describe, expect, it } from 'vitest';
import { compareRecords } from './compare-records.js';

const at = (...hosts: number[]) => hosts.map((host) => ({ address: `10.0.0.${host}:8443` }));
const rows = (...hosts: number[]) => at(...hosts).map((row) => ({ ...row, role: 'voter' }));

describe('the comparison of the membership records', () => {
  it('finds equal ones consistent, in whatever order and spelling', () => {
    const records = {
      rows: [...rows(2, 1), { address: '[::1]:8443', role: 'spare' }],
      trusted: [...at(1, 2), { address: '[0:0::1]:8443' }],
      nodes: [{ address: '[::1]:8443' }, ...at(1, 2)],
    };
    expect(compareRecords(records)).toEqual({ kind: 'consistent' });
  });

  it('leaves members out that are still joining, wherever they are', () => {
    const joining = [...rows(1), { address: '10.0.0.2:8443', role: 'PENDING' }];
    for (const trusted of [at(1), at(1, 2)]) {
      for (const nodes of [at(1), at(1, 2)]) {
        expect(compareRecords({ rows: joining, trusted, nodes }).kind).toBe('consistent');
      }
    }
  });

  it('tells a trust store that lags from records that contradict each other', () => {
    expect(compareRecords({ rows: rows(1, 2), trusted: at(1), nodes: at(1, 2) }).kind).toBe(
      'trust-lags',
    );
    expect(compareRecords({ rows: rows(1, 2), trusted: at(1, 2), nodes: at(1, 3) })).toEqual({
      kind: 'inconsistent',
      text: 'Microcluster node membership is inconsistent across core_cluster_members (10.0.0.1:8443, 10.0.0.2:8443), truststore (10.0.0.1:8443, 10.0.0.2:8443) and dqlite (10.0.0.1:8443, 10.0.0.3:8443)',
    });
  });
});
