/** The endpoint that asks the whole cluster, to be imported by the application. */
import { Module } from '@nestjs/common';
import { ExtendedController } from './extended.controller.js';

@Module({ controllers: [ExtendedController] })
export class ExtendedModule {}
