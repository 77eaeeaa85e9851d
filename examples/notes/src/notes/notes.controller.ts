/** Notes, for members of the cluster on the Core API, and for local users on the control socket. */
import { Body, Controller, Get, Post, StandardSchemaValidationPipe } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CoreApi, ServeUnix } from '@microcluster/nest';
import { Repository } from 'typeorm';
import { z } from 'zod';
import { Note } from './note.entity.js';

const newNote = z.strictObject({ text: z.string().min(1).max(1_000) });

@CoreApi()
@ServeUnix()
@Controller('1.0/notes')
export class NotesController {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  @Get()
  list(): Promise<Note[]> {
    return this.notes.find({ order: { id: 'ASC' } });
  }

  @Post()
  add(
    @Body({ schema: newNote, pipes: [new StandardSchemaValidationPipe()] })
    { text }: z.infer<typeof newNote>,
  ): Promise<Note> {
    return this.notes.save({ text });
  }
}
