import { clientStories } from './client-stories.ts';
import { DockerClient } from './real/docker-client.ts';

clientStories('Docker with tufgate as --registry-mirror', [], (world) =>
  DockerClient.start(world.space, world.gate.host, world.origin),
);
