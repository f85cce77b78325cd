import { clientStories } from './client-stories.ts';
import { Skopeo } from './real/skopeo.ts';

clientStories('skopeo with docker.io blocked and tufgate as its mirror', ['skopeo'], (world) =>
  Promise.resolve(new Skopeo(world.space, world.gate.host, world.origin)),
);
