import { clientStories } from './client-stories.ts';
import { Containerd } from './real/containerd.ts';

clientStories("containerd's ctr with a hosts.toml that names only tufgate", ['containerd', 'ctr'], (world) =>
  Containerd.start(world.space, world.gate.host, world.origin),
);
