/** `GET /core/internal/report`: our own addition to the Core API, for the doctor. */
import { Inject, Injectable } from '@nestjs/common';
import { Daemon } from '../lifecycle/daemon.js';
import { MemberIdentity } from '../lifecycle/member-identity.js';
import { MemberRuntime } from '../lifecycle/member-runtime.js';
import { SchemaGate } from '../lifecycle/schema-gate.js';
import { CoreRoute, type CoreRequest } from '../listeners/index.js';
import { DAEMON_ARGS, type ParsedDaemonArgs } from '../options/index.js';
import { StateDirectory } from '../state/index.js';
import { TrustStore } from '../trust/index.js';
import { encodeValue } from '../types/parse-body.js';
import { memberReportSchema, REPORT_PATH } from './report.js';
import { ReportWriter } from './report-writer.js';

/** Answers also while the database is closed, which is when a doctor is called. */
@Injectable()
export class ReportEndpoints {
  private readonly writer: ReportWriter;

  constructor(
    @Inject(DAEMON_ARGS) args: ParsedDaemonArgs,
    state: StateDirectory,
    identity: MemberIdentity,
    trust: TrustStore,
    daemon: Daemon,
    runtime: MemberRuntime,
    schema: SchemaGate,
  ) {
    this.writer = new ReportWriter(args, state, identity, trust, daemon, runtime, schema);
  }

  @CoreRoute('GET', REPORT_PATH, {
    allowedBeforeInit: true,
    doc: { summary: 'Report what this member knows, for the doctor', reply: memberReportSchema },
  })
  async report({ signal }: CoreRequest): Promise<unknown> {
    return encodeValue(memberReportSchema, await this.writer.write(signal));
  }
}
