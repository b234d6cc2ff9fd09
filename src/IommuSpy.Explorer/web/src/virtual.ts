// Virtual memory as bands: the kernel's regions, and beside them the areas of a process, the lowest address first.

import { ask, type Page, type Row } from './api';
import { h, report, size, type Child } from './dom';
import { explain, inText } from './links';
import { weight } from './scale';

const MOST = 1000;
const LEAST_HEIGHT = 1.55;
const HEIGHT_OF_DOUBLING = 0.07;

interface Part { kind: string; words: string; bytes: number; inMemory: boolean }

interface Area { start: bigint; end: bigint; name: Child; parts: Part[]; largePages: number; href: string; says: Child }

// The colour of rights, whatever else is written with them: "kernel r-x", "rw-p".
function kind(rights: string): string {
  const [, write, execute] = /[r-]([w-])([x-])/.exec(rights) ?? [];
  return write === 'w' && execute === 'x' ? 'wx' : execute === 'x' ? 'executes' : write === 'w' ? 'writes' : /r/.test(rights) ? 'reads' : 'bars';
}

function short(rights: string): string {
  return /[r-][w-][x-]/.exec(rights)?.[0] ?? rights;
}

function width(area: { start: bigint; end: bigint }): number {
  return Number(area.end - area.start);
}

function address(at: bigint): string {
  return `0x${at.toString(16).padStart(16, '0')}`;
}

function hole(start: bigint, end: bigint, what: string): HTMLElement {
  return h('li', { class: 'hole' }, h('span', { class: 'at mono' }, address(start)),
    h('span', { class: 'bar' }, h('span', {}, `${what}, ${size(Number(end - start))}`)));
}

function segment({ kind, words, bytes, inMemory }: Part): HTMLElement {
  const element = h('span', { class: `segment ${kind}${inMemory ? '' : ' away'}` }, h('span', {}, `${words} ${size(bytes)}`));
  element.style.flexGrow = `${weight(bytes)}`;
  return element;
}

function row(area: Area, tell: (says: Child) => void): HTMLElement {
  const says = (): void => tell([h('b', { class: 'mono' }, `${address(area.start)} to ${address(area.end)}`), ` ${size(width(area))} `, area.says]);
  const here = area.parts.filter(part => part.inMemory);
  const strip = h('span', { class: 'large' });
  strip.style.width = `${100 * area.largePages}%`;
  const mapped = h('span', { class: 'mapped' }, here.map(segment), area.largePages > 0 && strip);
  mapped.style.flexGrow = `${here.reduce((sum, part) => sum + weight(part.bytes), 0)}`;
  const bar = h('a', { class: 'bar', href: area.href, pointerenter: says, focus: says }, h('span', { class: 'hidden' }, `${address(area.start)} `),
    here.length > 0 && mapped, area.parts.filter(part => !part.inMemory).map(segment));
  bar.style.minHeight = `${LEAST_HEIGHT + HEIGHT_OF_DOUBLING * weight(width(area))}rem`;
  return h('li', {}, h('span', { class: 'at mono' }, address(area.start)), bar,
    h('span', { class: 'what' }, area.parts.some(part => part.kind === 'wx') && h('b', { class: 'bad' }, 'W+X '), area.name, ' ',
      h('span', { class: 'soft' }, size(width(area)))));
}

function regions(rows: Row[], tell: (says: Child) => void): HTMLElement {
  return h('ol', { class: 'areas' }, rows.map(its => {
    const start = BigInt(`${its.start}`);
    const end = BigInt(`${its.last}`) + 1n;
    const mapped = Number(its.mappedBytes);
    if (its.name === 'hole' || its.name === 'non-canonical') {
      return hole(start, end, `${its.name}`);
    }

    const parts = (its.byRights as Row[]).map((part): Part =>
      ({ kind: kind(`${part.rights}`), words: short(`${part.rights}`), bytes: Number(part.bytes), inMemory: true }));
    const rest = Number(end - start) - mapped;
    const pages = its.byPageSize as Row[];
    const large = pages.filter(one => Number(one.pageSize) > 4096).reduce((sum, one) => sum + Number(one.pageSize) * Number(one.count), 0);
    return row({
      start, end, name: h('b', {}, `${its.name}`), href: explain(`${its.start}`), largePages: mapped > 0 ? large / mapped : 0,
      parts: rest > 0 ? [...parts, { kind: 'none', words: its.name === 'user space' ? 'as each process maps it,' : 'not mapped', bytes: rest, inMemory: false }]
        : parts,
      says: [`${its.name}: `, mapped > 0 ? `${size(mapped)} mapped: ` : 'nothing is mapped', parts.map(part => `${part.words} ${size(part.bytes)}`).join(', '),
        pages.length > 0 && `; pages of ${pages.map(one => `${size(Number(one.pageSize))} (${Number(one.count).toLocaleString('en')})`).join(', ')}`,
        its.moved === true && `; documented at ${its.documentedStart}`, `; ${its.foundBy}`],
    }, tell);
  }));
}

function areas(rows: Row[], tell: (says: Child) => void): HTMLElement {
  const list = h('ol', { class: 'areas' });
  let last: bigint | undefined;
  for (const its of rows) {
    const start = BigInt(`${its.start}`);
    const end = BigInt(`${its.end}`);
    if (last !== undefined && start > last) {
      list.append(hole(last, start, 'not used'));
    }

    last = end;
    const resident = Number(its.residentBytes);
    const swapped = Number(its.swappedBytes);
    const huge = Number(its.hugeBytes);
    const bytes = Number(end - start);
    const rights = `${its.rights ?? '?'}`;
    const here = Math.min(bytes, Math.max(resident, huge));
    const away = Math.max(0, bytes - here - swapped);
    const colour = kind(rights);
    const all: Part[] = [{ kind: colour, words: short(rights), bytes: here, inMemory: true },
      { kind: 'swapped', words: `${here > 0 ? '' : `${short(rights)} `}swapped`, bytes: swapped, inMemory: false },
      { kind: colour, words: here + swapped > 0 ? 'not in memory' : `${short(rights)} not in memory`, bytes: away, inMemory: false }];
    list.append(row({
      start, end, name: its.path ? h('b', { class: 'path', title: `${its.path}` }, base(`${its.path}`)) : h('span', { class: 'soft' }, 'anonymous'),
      href: explain(`${its.start}`, { pid: `${its.pid}` }), parts: all.filter(part => part.bytes > 0), largePages: here > 0 ? Math.min(1, huge / here) : 0,
      says: [`${rights} `, its.path ? `${its.path}` : 'anonymous', `; ${size(resident)} in memory`, swapped > 0 && `, ${size(swapped)} swapped`,
        huge > 0 && `, ${size(huge)} of it in huge pages`],
    }, tell));
  }

  return list;
}

// The end of a path, which tells files apart.
function base(path: string): string {
  return path.replace(/^.*\/(?=[^/])/, '');
}

async function process(pid: string | null, signal: AbortSignal, tell: (says: Child) => void): Promise<HTMLElement[]> {
  const all = (await ask<Page>('table/ps',
    { where: 'kernelThread=false', columns: 'pid,comm,mm,residentPages', sort: 'residentPages:desc', limit: `${MOST}` }, signal))
    .rows.filter(one => one.mm !== null);
  const chosen = pid ?? (all.length > 0 ? `${all[0].pid}` : null);
  if (chosen === null) {
    return [h('p', {}, 'No process has memory of its own.')];
  }

  const select = h('select', { id: 'process', change: () => location.hash = `#/virtual?pid=${select.value}` },
    all.map(one => h('option', { value: `${one.pid}` }, `${one.comm} [${one.pid}], ${size(Number(one.residentPages) * 4096)}`)),
    all.every(one => `${one.pid}` !== chosen) && h('option', { value: chosen }, chosen));
  select.value = chosen;
  const page = await ask<Page>('table/vmas', { where: `pid=${chosen}`, limit: `${MOST}` }, signal);
  return [h('p', {}, h('label', { for: 'process' }, 'Of process '), select, ' ', h('a', { href: `#/process/${encodeURIComponent(chosen)}` }, 'about it')),
    ...page.problems.map(problem => h('p', { class: 'warn' }, inText(problem))), areas(page.rows, tell),
    h('p', { class: 'soft' }, page.more
      ? [`The first ${MOST} areas are shown: `, h('a', { href: `#/table/vmas?where=${encodeURIComponent(`pid=${chosen}`)}` }, 'all as a table'), '.']
      : `${page.rows.length} areas.`)];
}

function key(colour: string, words: string): Child {
  return [h('span', { class: `key ${colour}` }), ` ${words}   `];
}

export async function show(main: HTMLElement, query: URLSearchParams, signal: AbortSignal): Promise<void> {
  const told = h('p', { class: 'told standing', role: 'status' }, 'Point at an area, or go through them with Tab.');
  const tell = (says: Child): void => told.replaceChildren(h('span', {}, says));
  const kernel = h('section', {}, h('h2', {}, "The kernel's regions"), h('p', { class: 'soft' }, 'Reading...'));
  const its = h('section', {}, h('h2', {}, "A process's areas"), h('p', { class: 'soft' }, 'Reading...'));
  main.replaceChildren(h('h1', {}, 'Virtual map', h('small', {}, 'both from the lowest address to the highest, each as large as its logarithm')),
    h('p', { class: 'soft keys' }, key('reads', 'readable'), key('writes', 'writable'), key('executes', 'executable'), key('wx', 'writable and executable'),
      key('bars', 'no access'), key('none', 'not mapped'), h('span', { class: 'key line' }), ' in pages larger than 4 KiB'),
    h('div', { class: 'virtual' }, kernel, its), told);
  const fill = (place: HTMLElement, content: Promise<HTMLElement[]>): Promise<void> => content.then(elements => {
    place.lastElementChild!.remove();
    place.append(...elements);
  }, error => signal.aborted ? undefined : place.lastElementChild!.replaceWith(report(error)));
  await Promise.all([
    fill(kernel, ask<Page>('table/layout', { limit: `${MOST}` }, signal).then(page =>
      [...page.problems.map(problem => h('p', { class: 'warn' }, inText(problem))), regions(page.rows, tell)])),
    fill(its, process(query.get('pid'), signal, tell)),
  ]);
}
