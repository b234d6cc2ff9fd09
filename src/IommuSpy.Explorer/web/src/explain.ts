// What an address is, as cards: the answer of `explain`, with the CPU's walk or the device's, and everyone who gets at the page.

import { ask, type Json, type Row } from './api';
import { add, h, hex, size, type Child } from './dom';
import { explain, inText, requester, value } from './links';

interface Answers { report: string; answers: Row[] }

function card(title: string, ...children: Child[]): HTMLElement {
  return h('section', { class: 'card' }, h('h2', {}, title), ...children);
}

function fields(...pairs: [string, Child][]): HTMLElement {
  return h('dl', { class: 'fields' }, pairs.filter(([, its]) => its !== null && its !== undefined && its !== false && its !== '')
    .map(([name, its]) => h('div', {}, h('dt', {}, name), h('dd', {}, its))));
}

function list(its: Json): Row[] {
  return Array.isArray(its) ? its as Row[] : [];
}

function object(its: Json): Row | null {
  return its !== null && typeof its === 'object' && !Array.isArray(its) ? its as Row : null;
}

// A walk of tables, a row a step: of a CPU or of a device.
function ladder(steps: Row[], end: Child): HTMLElement {
  return h('table', { class: 'ladder' },
    h('thead', {}, h('tr', {}, ['table', 'index', 'entry at', 'entry', 'says'].map(name => h('th', {}, name)))),
    h('tbody', {}, steps.map(step => h('tr', {},
      h('td', {}, `${step.table ?? `level ${step.level}`}`), h('td', { class: 'mono' }, hex(Number(step.index), 3)),
      h('td', {}, value('entryAddress', step.entryAddress)), h('td', { class: 'mono' }, `${step.entry}`.replace('0x', '').padStart(16, '0')),
      h('td', {}, Array.isArray(step.flags) ? step.flags.join(' ') : step.rights === null ? 'not present' : `${step.rights ?? ''}`))),
    h('tr', { class: 'end' }, h('td', { colspan: 5 }, end))));
}

function devices(reach: Row | null): HTMLElement | null {
  if (!reach) {
    return null;
  }

  const reachers = list(reach.devices);
  const unrestricted = list(reach.unrestricted);
  return card('Devices that reach it', reachers.length + unrestricted.length === 0 ? h('p', {}, 'none') : null,
    unrestricted.length > 0 && h('ul', {}, unrestricted.map(one => h('li', { class: 'bad' },
      value('device', one.device), ` ${one.driver ?? ''} all memory: ${one.mode ?? one.access ?? 'nothing restricts it'}`))),
    reachers.length > 0 && h('table', {}, h('tbody', {}, reachers.map(one => h('tr', {},
      h('td', {}, value('device', one.device)), h('td', {}, `${one.driver ?? ''}`), h('td', { class: 'mono' }, `${one.rights ?? ''}`),
      h('td', {}, value('iova', one.iova, one)), h('td', { class: 'n' }, typeof one.pageSize === 'number' ? `${size(one.pageSize)} page` : ''))))));
}

function page(its: Row | null, absence: Json): HTMLElement | null {
  if (!its) {
    return absence ? card('Page', h('p', {}, inText(`${absence}`))) : null;
  }

  const slab = object(its.slab);
  return card('Page', fields(
    ['pfn', value('pfn', its.pfn)], ['used for', `${its.kind}${its.owner ? `: ${its.owner}` : ''}`],
    ['struct page', value('virtual', its.structPage)], ['flags', list(its.flags).join(' ') || 'none'],
    ['references', `${its.references}`], ['mappings', `${its.mappings}`], ['zone', its.zone && `node ${its.node}, ${its.zone}`],
    ['compound', Number(its.pages) > 1 && ['part of ', size(Number(its.pages) * 4096), ', head pfn ', value('pfn', its.head)]],
    ['file', its.file && `${its.file}, offset ${its.fileOffset}`],
    ['slab', slab && [`${slab.cache}: objects of ${size(Number(slab.objectBytes))}, ${slab.live} live, ${slab.free} free`]],
    ['objects', slab && list(slab.objects).length > 0 && list(slab.objects).slice(0, 24).map(one => [value('virtual', one.virtual), ` ${one.state}  `])]));
}

function virtual(its: Row): HTMLElement[] {
  const walk = object(its.walk);
  const region = object(its.region);
  const physical = its.physical;
  const whose = its.pid === null || its.pid === undefined ? '' : ` of ${its.comm}[${its.pid}]`;
  const spaces = list(its.spaces);
  const mappers = list(its.mappedBy);
  const aliases = list(its.alsoAt);
  return [
    h('h1', { class: 'mono' }, `${its.virtual ?? its.physical}`, h('small', {}, `${its.kind}${whose}${region ? `: ${region.name}` : ''}`)),
    h('div', { class: 'cards' },
      card('What it is', fields(
        ['symbol', its.symbol && h('b', { class: 'mono' }, `${its.symbol}`)],
        ['region', region && [value('virtual', region.start), ' to ', value('virtual', region.last)]],
        ['memory', object(its.vma) && h('span', {}, `${object(its.vma)!.name ?? 'anonymous'} ${object(its.vma)!.rights ?? ''}`)],
        ['content', its.content && inText(`${its.content}`)],
        ['arithmetic', its.arithmetic && inText(`${its.arithmetic}`)],
        ['physical', physical && [value('physical', physical), ' ', h('a', { href: `#/map?pfn=${its.pfn ?? ''}` }, 'on the map')]])),
      page(object(its.page), its.pageAbsence),
      walk && card("The CPU's walk", h('p', {}, 'root ', value('root', walk.root)), ladder(list(walk.steps),
        walk.physical ? [value('physical', walk.physical), ` ${walk.rights}, ${size(Number(walk.pageSize))} page`] : `${walk.reason ?? 'not mapped'}`)),
      devices(object(its.reach)),
      (mappers.length > 0 || aliases.length > 0) && card('Everyone who maps the page', h('table', {}, h('tbody', {},
        aliases.map(one => h('tr', {}, h('td', {}, value('virtual', one.virtual)), h('td', { class: 'mono' }, `${one.rights}`), h('td', {}, `${one.what}`))),
        mappers.map(one => h('tr', {}, h('td', {}, value('virtual', one.virtual, one)), h('td', { class: 'mono' }, `${one.rights ?? ''}`),
          h('td', {}, one.pid ? [`${one.comm}[`, value('pid', one.pid), ']'] : `${one.what ?? ''}`)))))),
      spaces.length > 0 && card('In each process', h('table', {}, h('tbody', {}, spaces.map(one => h('tr', {},
        h('td', {}, `${one.comm ?? ''}[`, value('pid', one.pid), ']'),
        h('td', {}, h('a', { href: explain(`${its.virtual}`, { pid: `${one.pid}` }) }, 'through its tables')),
        h('td', {}, one.physical ? [value('physical', one.physical), ` ${one.rights}`] : `${one.reason ?? ''}`))))))),
  ];
}

function iova(its: Row): HTMLElement[] {
  const details = object(its.details)!;
  return [
    h('h1', { class: 'mono' }, `${its.iova}`, h('small', {}, 'I/O virtual address of ', value('device', details.device), ` ${details.driver ?? ''}`)),
    h('div', { class: 'cards' },
      card('The device', fields(['unit', `${details.unit ?? 'none'}`], ['mode', `${details.mode}`],
        ['domain', `${details.domain ?? '-'}, ${details.domainType ?? ''}`],
        ['entry', value('entryAddress', its.entryAddress)], ['rights', its.rights && `${its.rights}`], ['page', its.page && inText(`${its.page}`)],
        ['exposure', its.exposure && h('span', { class: 'bad' }, inText(`${its.exposure}`))])),
      card("The device's walk", ladder(list(its.steps),
        its.physical ? [value('physical', its.physical), ` ${its.rights}, ${size(Number(its.pageSize))} page`] : `${its.reason ?? 'not mapped'}`)),
      list(its.mappedBy).length > 0 && card('Processes that map the page', h('ul', {},
        list(its.mappedBy).map(one => h('li', {}, `${one.process} `, value('virtual', one.virtual))))),
      devices(object(its.reach))),
  ];
}

// Where two worlds meet: the CPU's way to a page on the left, a device's on the right.
async function meeting(its: Row, signal: AbortSignal): Promise<HTMLElement | null> {
  const reacher = list(object(its.reach)?.devices ?? null)[0];
  if (!reacher || typeof reacher.iova !== 'string' || typeof its.physical !== 'string') {
    return null;
  }

  const alias = list(its.alsoAt)[0];
  const cpu = object(its.walk) ?? (alias ? object((await ask<Answers>('report/explain', { at: `${alias.virtual}` }, signal)).answers[0]?.walk) : null);
  const device = (await ask<Answers>('report/explain', { at: reacher.iova, device: requester(reacher) }, signal)).answers[0];
  if (!cpu || !device) {
    return null;
  }

  const side = (title: Child, steps: Row[], rights: Json): HTMLElement => h('div', {}, h('h3', {}, title), ladder(steps, `${rights}`));
  const page = object(its.page);
  return h('section', { class: 'card meeting' }, h('h2', {}, 'Two ways to one page'), h('div', { class: 'sides' },
    side(['The CPU, from ', value('virtual', cpu.virtual)], list(cpu.steps), cpu.rights),
    side([value('device', reacher.device), ` ${reacher.driver ?? ''}, from `, value('iova', reacher.iova, reacher)], list(device.steps),
      `device ${device.rights}`)),
    h('p', { class: 'meet' }, value('physical', its.physical), ' ', page && `${page.kind}${page.owner ? `: ${page.owner}` : ''}`));
}

export async function show(main: HTMLElement, query: URLSearchParams, signal: AbortSignal): Promise<void> {
  const parameters = Object.fromEntries(query);
  const answer = await ask<Answers>('report/explain', parameters, signal);
  main.replaceChildren();
  for (const its of answer.answers) {
    add(main, 'iova' in its ? iova(its) : virtual(its));
    const cards = main.lastElementChild!;
    const both = 'iova' in its ? null : await meeting(its, signal);
    if (both) {
      cards.append(both);
    }
  }
}
