import { clientStories } from './client-stories.ts';
import { Podman } from './real/podman.ts';

clientStories('Podman with docker.io blocked and tufgate as its mirror', ['podman'], (world) =>
  Promise.resolve(new Podman(world.space, world.gate.host, world.origin)),
);
