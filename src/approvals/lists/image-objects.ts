import type { Json, JsonObject } from '../../json/read.ts';
import { type Listed, listedName, listedParts, NONE, unnamed } from './listed.ts';
import { podImages } from './pod-images.ts';

/**
 * Image names out of JSON, by its shape: `docker ps` and `docker images` with `--format json`, `crictl ps` and
 * `crictl images` with `-o json`, and `kubectl get pods -o json`. What has another shape is said, not passed over.
 */
export function listedIn(value: Json): readonly Listed[] {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(listedIn);
  if (!(value instanceof Map)) return [unknown(JSON.stringify(value))];
  const object = value as JsonObject;
  const [items, containers, images] = ['items', 'containers', 'images'].map((name) => listOf(object.get(name)));
  if (typeof object.get('kind') === 'string')
    return items === undefined ? podImages(object) : items.flatMap(kubernetes);
  if (containers !== undefined) return containers.flatMap(crictlContainer);
  if (images !== undefined) return images.flatMap(crictlImage);
  return dockerObject(object);
}

function kubernetes(item: Json): readonly Listed[] {
  return item instanceof Map ? podImages(item as JsonObject) : [unknown('an item of the list')];
}

/** A line of `docker ps` has `Image`, one of `docker images` has `Repository`, `Tag` and `Digest`. */
function dockerObject(object: JsonObject): readonly Listed[] {
  const text = (name: string): string | undefined => textOf(object.get(name));
  const [image, repository] = [text('Image'), text('Repository')];
  if (image !== undefined) return some(listedName(image));
  if (repository === undefined) return [unknown([...object.keys()].slice(0, 5).join(', '))];
  return some(listedParts(repository, text('Tag') ?? NONE, text('Digest') ?? NONE));
}

/**
 * containerd gives ids for `image` and `imageRef`, and the name that was asked for beside them; CRI-O gives
 * `repository@digest` as `imageRef`.
 */
function crictlContainer(value: Json): readonly Listed[] {
  if (!(value instanceof Map)) return [unknown('a container of the list')];
  const container = value as JsonObject;
  const spec = container.get('image');
  const named = (name: string): string | undefined =>
    spec instanceof Map ? textOf((spec as JsonObject).get(name)) : undefined;
  const name = named('userSpecifiedImage') ?? named('image');
  if (name === undefined) return [unknown('a container without an image')];
  const ref = textOf(container.get('imageRef'));
  return some(listedName(name, ref?.includes('@') === true ? ref : undefined));
}

function crictlImage(value: Json): readonly Listed[] {
  if (!(value instanceof Map)) return [unknown('an image of the list')];
  const image = value as JsonObject;
  const [tags, digests] = [texts(image.get('repoTags')), texts(image.get('repoDigests'))];
  if (tags.length === 0) return digests.flatMap((text) => some(listedName(text)));
  return tags.flatMap((tag) => {
    const repository = tag.slice(0, tag.lastIndexOf(':'));
    return some(
      listedName(
        tag,
        digests.find((text) => text.startsWith(`${repository}@`)),
      ),
    );
  });
}

function some(listed: Listed | undefined): readonly Listed[] {
  return listed === undefined ? [] : [listed];
}

function unknown(text: string): Listed {
  return unnamed(text.slice(0, 120), 'it is nothing that docker, crictl or kubectl prints of an image');
}

function listOf(value: Json | undefined): readonly Json[] | undefined {
  return Array.isArray(value) ? (value as readonly Json[]) : undefined;
}

function texts(value: Json | undefined): readonly string[] {
  return (listOf(value) ?? []).filter((each) => typeof each === 'string');
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
