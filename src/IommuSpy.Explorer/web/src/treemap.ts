// Where memory went, as areas: what it is used for, and within that whose it is, in the colours of the map.

import { ask } from './api';
import { h, report, size, svg, swatch, type Child } from './dom';
import { inText } from './links';

type Box = [number, number, number, number];

interface Part { part: string | null; others: number; bytes: number; box: Box }

interface Kind { kind: string; words: string; group: string; groupWords: string; bytes: number; box: Box; parts: Part[] }

interface Answer { kinds: Kind[]; problems: string[] }

const CHARACTER = 6.8;
const LINE = 13;
const LETTERS = 14;
const LEAST = 2;

function rows(table: string, ...where: string[]): string {
  const query = new URLSearchParams();
  where.forEach(one => query.append('where', one));
  return `#/table/${table}?${query}`;
}

// Where a part leads: the rows about it, or the process; where no table tells one part from another, the map of its kind.
function destination(kind: Kind, part: string | null): string {
  const processes = part === null ? null : [...part.matchAll(/\[(\d+)\](?=, |$)/g)];
  return part === null ? onMap(kind)
    : kind.kind === 'slab' ? rows('slab', `name=${part}`)
    : kind.kind === 'file' ? rows('pages', 'kind=file', `owner=${part}, offset *`)
    : kind.kind === 'vmalloc' ? part === 'task stacks' ? rows('vmalloc', 'stackOf!=') : rows('vmalloc', `caller=${part}`)
    : kind.kind === 'anonymous' || kind.kind === 'ksm'
      ? processes!.length === 1 ? `#/virtual?pid=${processes![0][1]}` : rows('pages', `kind=${kind.kind}`, `owner=${part}`)
    : kind.kind === 'kernelImage' ? rows('pages', `kind=${kind.kind}`, `owner=${part}`)
    : onMap(kind);
}

function onMap(kind: Kind): string {
  return `#/map?${new URLSearchParams({ kind: kind.kind })}`;
}

function name(part: Part): string {
  return part.others > 0 ? `${part.others} others` : part.part ?? 'whose is not told';
}

// What stands in a rectangle: of a file, what tells it from its neighbours.
function label(kind: Kind, part: Part): string {
  return kind.kind === 'file' && part.part !== null ? part.part.replace(/ of [^/]*$/, '').replace(/^.*\/(?=[^/])/, '') : name(part);
}

// A rectangle that is a link.
function rectangle(group: string, [x, y, width, height]: Box, href: string, says: string, tell: () => void): SVGElement {
  const link = svg('a', { href, 'aria-label': says }, svg('rect', { class: group, x, y, width, height }));
  link.addEventListener('pointerenter', tell);
  link.addEventListener('focus', tell);
  return link;
}

// As much of the lines as a rectangle has room for.
function lines(group: string, [x, y, width, height]: Box, texts: string[]): SVGElement[] {
  const room = Math.floor((width - 8) / CHARACTER);
  return room < 3 ? [] : texts.slice(0, Math.max(0, Math.floor((height - 4) / LINE))).map((line, i) => {
    const text = svg('text', { class: `on-${group.slice(2)}`, x: x + 4, y: y + LINE * (i + 1) });
    text.textContent = line.length <= room ? line : `${line.slice(0, room - 1)}…`;
    return text;
  });
}

function draw(kinds: Kind[], width: number, height: number, tell: (says: Child) => void): SVGElement {
  const all = kinds.reduce((sum, kind) => sum + kind.bytes, 0);
  const share = (bytes: number): string => `${size(bytes)}, ${(100 * bytes / all).toFixed(1)} % of memory`;
  const texts = svg('g', { 'aria-hidden': 'true' });
  const picture = svg('svg', { class: 'treemap', viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': 'Memory by use as areas' });
  for (const kind of kinds) {
    picture.append(rectangle(kind.group, kind.box, onMap(kind), `${kind.words} ${size(kind.bytes)}, on the map`,
      () => tell([h('b', {}, kind.words), ` ${share(kind.bytes)}; a click shows it on the map`])));
    if (kind.parts.length === 0 || kind.parts[0].box[1] - kind.box[1] >= LINE) {
      texts.append(...lines(kind.group, kind.box, [`${kind.words} ${size(kind.bytes)}`]));
    }

    for (const part of kind.parts.filter(({ box }) => box[2] >= LEAST && box[3] >= LEAST)) {
      picture.append(rectangle(kind.group, part.box, destination(kind, part.part), `${kind.words}: ${name(part)} ${size(part.bytes)}`,
        () => tell([h('b', {}, `${kind.words}: `), inText(name(part)), ` ${share(part.bytes)}`])));
      texts.append(...lines(kind.group, part.box, [label(kind, part), size(part.bytes)]));
    }
  }

  picture.append(texts);
  return picture;
}

export async function show(main: HTMLElement, signal: AbortSignal): Promise<void> {
  const told = h('p', { class: 'told standing', role: 'status' }, 'Point at an area, or go through them with Tab.');
  const stage = h('div', { class: 'areas-stage' }, h('p', { class: 'soft' }, 'Reading...'));
  const heading = h('h1', {}, 'Memory by use');
  const keys = h('p', { class: 'soft keys' });
  main.replaceChildren(heading, keys, stage, told);
  const fill = async (): Promise<void> => {
    // In units of the page's letters, which grow with the window.
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / LETTERS;
    const [width, height] = [stage.clientWidth, stage.clientHeight].map(side => Math.round(Math.max(200, Math.min(8000, side / unit))));
    const { kinds, problems } = await ask<Answer>('treemap', { width: `${width}`, height: `${height}` }, signal);
    const groups = new Map(kinds.map(kind => [kind.group, kind.groupWords]));
    heading.replaceChildren('Memory by use', h('small', {},
      `${size(kinds.reduce((sum, kind) => sum + kind.bytes, 0))} in all, each part as large as what it takes`));
    keys.replaceChildren(...[...groups].flatMap(([group, words]) => [swatch(group), `${words}   `]));
    stage.replaceChildren(draw(kinds, width, height, says => told.replaceChildren(h('span', {}, says))),
      ...problems.map(problem => h('p', { class: 'warn' }, inText(problem))));
  };
  await fill();
  let drawn = stage.clientWidth;
  const watch = new ResizeObserver(() => {
    if (Math.abs(stage.clientWidth - drawn) > 1) {
      drawn = stage.clientWidth;
      fill().catch(error => signal.aborted || stage.replaceChildren(report(error)));
    }
  });
  watch.observe(stage);
  signal.addEventListener('abort', () => watch.disconnect());
}
