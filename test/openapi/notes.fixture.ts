/** An application with endpoints of every kind that a document has to tell apart. */
import {
  Body,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  Module,
  Param,
  Post,
  Put,
  StandardSchemaValidationPipe,
} from '@nestjs/common';
import { ApiConflictResponse, ApiOkResponse, ApiProperty } from '@nestjs/swagger';
import {
  AllowUntrusted,
  CoreApi,
  MicroclusterModule,
  ProxyTarget,
  RawResponse,
  ServeUnix,
  Server,
} from '@microcluster/nest';
import { z } from 'zod';

class Note {
  @ApiProperty()
  declare id: number;

  @ApiProperty({ maxLength: 100 })
  declare text: string;
}

const newNote = z.strictObject({ text: z.string().max(100) });

@CoreApi()
@ServeUnix()
@Controller('1.0/notes')
class NotesController {
  private readonly notes: Note[] = [];

  @Get() @ApiOkResponse({ type: [Note] }) list(): Note[] {
    return this.notes;
  }

  @Post() @ApiOkResponse({ type: Note }) @ApiConflictResponse() add(
    @Body({ schema: newNote, pipes: [new StandardSchemaValidationPipe()] })
    { text }: z.infer<typeof newNote>,
  ): Note {
    if (this.notes.some((note) => note.text === text)) {
      throw new ConflictException({ message: `"${text}" is there`, errorCode: 'NOTE_EXISTS' });
    }
    const note = { id: this.notes.length + 1, text };
    this.notes.push(note);
    return note;
  }

  @Put(':id') @ProxyTarget() @HttpCode(204) replace(@Param('id') _id: string): void {}

  @Get('health') @AllowUntrusted() health(): string {
    return 'fine';
  }

  @Get('plain') @RawResponse() plain(): object {
    return { plain: true };
  }
}

/** The same path as on the Core API, with something else behind it. */
@Server('reports')
@Controller('1.0/notes')
class ReportsController {
  @Get() @ApiOkResponse({ type: Number }) count(): number {
    return 0;
  }
}

@Module({
  imports: [
    MicroclusterModule.forRoot({
      version: '1.0.0',
      servers: { reports: { serverConfig: { address: '192.0.2.1:9000' } } },
    }),
  ],
  controllers: [NotesController, ReportsController],
})
export class NotesModule {}
