import { expect, test } from 'vitest';
import { ImageList } from './image-list.ts';
import { MAX_LINE } from './lines.ts';

function read(text: string): string[] {
  const list = new ImageList();
  return text.split('\n').flatMap((line) => {
    const listed = list.read(line);
    return listed.kind === 'nothing' ? [] : [`${listed.kind === 'name' ? '' : '! '}${listed.text}`];
  });
}

test('names alone, as docker ps --format prints them', () => {
  expect(read('nginx\n\nregistry.corp.example/app:1.0\r\n  busybox:1.36  \n')).toEqual([
    'nginx',
    'registry.corp.example/app:1.0',
    'busybox:1.36',
  ]);
});

test('a container whose image lost its name shows an id: said, for it runs and is not judged', () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  expect(read(`${digest}\n605c77e624dd\nc69fa2e9cbf5f`)).toEqual([`! ${digest}`, '! 605c77e624dd', '! c69fa2e9cbf5f']);
});

test('crictl images: the tag has a column of its own', () => {
  const table = `IMAGE                               TAG                 IMAGE ID            SIZE
docker.io/library/busybox           1.36                beae173ccac6a       2.23MB
registry.k8s.io/pause               3.9                 e6f1816883972       322kB
docker.io/library/nginx             <none>              605c77e624ddb       56.7MB
<none>                              <none>              a24bb4013296f       2.1MB`;
  expect(read(table)).toEqual([
    'docker.io/library/busybox:1.36',
    'registry.k8s.io/pause:3.9',
    '! docker.io/library/nginx',
  ]);
});

test('docker ps and crictl ps: the name is the second column', () => {
  const docker = `CONTAINER ID   IMAGE          COMMAND                  CREATED       STATUS       PORTS     NAMES
e90b8831a4b8   nginx:1.27     "/docker-entrypoint.…"   2 hours ago   Up 2 hours   80/tcp    web
0b8831a4b8e9   605c77e624dd   "sh"                     2 hours ago   Up 2 hours             odd`;
  expect(read(docker)).toEqual(['nginx:1.27', '! 605c77e624dd']);
  const crictl = `CONTAINER           IMAGE               CREATED             STATE               NAME
1f73f2d81bf98       docker.io/a/b:1     2 hours ago         Running             b`;
  expect(read(crictl)).toEqual(['docker.io/a/b:1']);
});

test('a header of one column is none of the names', () => {
  expect(read('IMAGE\nnginx:1')).toEqual(['nginx:1']);
});

test('a line that was cut is none of the names', () => {
  const cut = 'a'.repeat(MAX_LINE);
  expect(read(cut)).toEqual([`! ${cut}`]);
});
