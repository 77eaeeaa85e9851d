/** What has happened to the cluster, as this member saw it. Hooks are methods of ordinary providers. */
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  OnNewMember,
  OnPostBootstrap,
  type HookContext,
  type InitConfig,
} from '@microcluster/nest';
import { Repository } from 'typeorm';
import { Note } from '../notes/note.entity.js';

@Injectable()
export class Diary {
  readonly entries: string[] = [];

  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  /** The database is open: a new cluster begins with a note. */
  @OnPostBootstrap()
  async welcome(_context: HookContext, config: InitConfig): Promise<void> {
    await this.notes.save({ text: config['welcome'] ?? 'Welcome' });
  }

  @OnNewMember()
  joined(_context: HookContext, member: { readonly name: string }): void {
    this.entries.push(`${member.name} joined`);
  }
}
