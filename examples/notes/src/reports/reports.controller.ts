/** A public page. It says nothing of where it is served: the module does. */
import { Controller, Get } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AllowUntrusted } from '@microcluster/nest';
import { Repository } from 'typeorm';
import { Note } from '../notes/note.entity.js';

@Controller('reports')
export class ReportsController {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  @Get('count')
  @AllowUntrusted()
  async count(): Promise<{ notes: number }> {
    return { notes: await this.notes.count() };
  }
}
