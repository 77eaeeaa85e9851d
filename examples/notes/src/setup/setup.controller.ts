/** For whoever sets the machine up: answers on the control socket, also before there is a cluster. */
import { Controller, Get } from '@nestjs/common';
import { AllowedBeforeInit, ClusterState, ServeUnix } from '@microcluster/nest';

@ServeUnix()
@AllowedBeforeInit()
@Controller('1.0/setup')
export class SetupController {
  constructor(private readonly cluster: ClusterState) {}

  @Get()
  get(): { version: string; isMember: boolean } {
    const { version, databaseStatus } = this.cluster;
    return { version, isMember: databaseStatus.open };
  }
}
