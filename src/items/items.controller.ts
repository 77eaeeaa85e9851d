/** Creates and lists items, over the control socket and the Core API's TLS listener. */
import { Body, Controller, Get, Post, StandardSchemaValidationPipe } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CoreApi, ServeUnix } from '@microcluster/nest';
import { Repository } from 'typeorm';
import { z } from 'zod';
import { Item } from './item.entity.js';

const createItem = z.strictObject({ name: z.string().min(1).max(255) });
type CreateItem = z.infer<typeof createItem>;

@CoreApi()
@ServeUnix()
@Controller('1.0/items')
export class ItemsController {
  constructor(@InjectRepository(Item) private readonly items: Repository<Item>) {}

  @Get()
  list(): Promise<Item[]> {
    return this.items.find({ order: { id: 'ASC' } });
  }

  @Post()
  create(
    @Body({ schema: createItem, pipes: [new StandardSchemaValidationPipe()] }) item: CreateItem,
  ): Promise<Item> {
    return this.items.save(this.items.create(item));
  }
}
