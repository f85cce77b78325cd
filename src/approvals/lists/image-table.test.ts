import { expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { ImageTable, MAX_LINE } from './image-table.ts';

function read(text: string): string[] {
  const table = new ImageTable();
  return text.split('\n').flatMap((line) => {
    const listed = table.read(line);
    if (listed === undefined) return [];
    const runs = listed.kind === 'name' && listed.runs !== undefined ? ` runs ${listed.runs}` : '';
    return [`${listed.kind === 'name' ? '' : '! '}${listed.text}${runs}`];
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

test('a line that is too long is none of the names', () => {
  const long = 'a'.repeat(MAX_LINE);
  expect(read(long)).toEqual([long]);
  expect(read(`${long}a`)).toEqual([`! ${long}`]);
});

test('docker images --digests: what runs by the tag, or the name of what has none', () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  const table = `REPOSITORY   TAG       DIGEST                                                                    IMAGE ID       CREATED      SIZE
nginx        1.27      ${digest}   605c77e624dd   2 days ago   57MB
app          <none>    ${digest}   605c77e624dd   2 days ago   57MB
built        1         <none>      605c77e624dd   2 days ago   57MB
<none>       <none>    <none>      605c77e624dd   2 days ago   57MB`;
  expect(read(table)).toEqual([`nginx:1.27 runs nginx@${digest}`, `app@${digest}`, 'built:1']);
});

test('docker images of version 29: names in one column', () => {
  const table = `IMAGE           ID             DISK USAGE   CONTENT SIZE   EXTRA
nginx:1.27      605c77e624dd       57MB           20MB    U
<untagged>      0b8831a4b8e9       57MB           20MB`;
  expect(read(table)).toEqual(['nginx:1.27']);
});

test("kubectl's tables show no images, and are refused with what to pipe in", () => {
  const pods = `NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE   IP          NODE   NOMINATED NODE   READINESS GATES
default     web-1   1/1     Running   0          1d    10.0.0.1    n1     <none>           <none>`;
  expect(message(() => read(pods))).toContain('kubectl get pods -A -o json');
  expect(code(() => read(pods))).toBe('usage');
  expect(message(() => read('CONTAINER ID   NAMES\nx   y'))).toContain('docker ps');
});
