// The page: an address bar, and a view for what stands behind # in its address, so that going back works.

import { allTables, ask, type Page, type Row } from './api';
import { h, report, size } from './dom';
import * as explain from './explain';
import * as findings from './findings';
import { bands } from './iova';
import { value } from './links';
import * as map from './map';
import * as sql from './sql';
import * as tables from './tables';
import * as topology from './topology';
import * as treemap from './treemap';
import * as virtual from './virtual';

const place = document.getElementById('view')!;
const bar = document.getElementById('at') as HTMLInputElement;
const VIEWS: [string, string][] = [['#/', 'Machine'], ['#/map', 'Map'], ['#/treemap', 'Treemap'], ['#/virtual', 'Virtual map'],
  ['#/topology', 'Topology'], ['#/table/ps', 'Processes'], ['#/table/devices', 'Devices'], ['#/findings', 'Findings'], ['#/table/slab', 'Slab'],
  ['#/table/modules', 'Modules'], ['#/tables', 'All tables'], ['#/sql', 'SQL']];
const DEVICE = /^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;
const REQUESTER = /^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?::\w+)?$/i;
let running = new AbortController();

// What was typed, as an address of the page: a device, a device's address, a process's address, or whatever explain takes.
function destination(text: string): string {
  const words = text.trim().split(/\s+/);
  if (words.length === 1 && DEVICE.test(words[0])) {
    return `#/device/${whole(words[0])}`;
  }

  if (words.length === 2 && REQUESTER.test(words[0])) {
    return `#/explain?${new URLSearchParams({ at: words[1], device: words[0] })}`;
  }

  if (words.length === 2 && (/^\d+$/.test(words[0]))) {
    return `#/explain?${new URLSearchParams({ at: words[1], pid: words[0] })}`;
  }

  return words.length === 2 && words[0] === 'pid' ? `#/process/${words[1]}` : `#/explain?${new URLSearchParams({ at: text.trim() })}`;
}

function whole(device: string): string {
  return device.length < 12 ? `0000:${device}` : device;
}

async function machine(main: HTMLElement, signal: AbortSignal): Promise<void> {
  const info = await ask<Row>('report/info', {}, signal);
  const facts = (info.facts ?? []) as Row[];
  main.replaceChildren(
    h('h1', {}, info.hostname && info.hostname !== '(none)' ? `${info.hostname}` : 'Linux machine', h('small', {}, `${info.release}`)),
    h('p', { class: 'soft' }, `${info.source}: ${info.format}, ${size(Number(info.memoryBytes))} of memory`),
    info.panic ? h('p', { class: 'warn' }, `PANIC: ${info.panic}`) : '',
    ...[...(info.damage as string[]), ...(info.disagreements as string[])].map(line => h('p', { class: 'warn' }, line)),
    h('div', { class: 'cards' }));
  const cards = main.lastElementChild!;
  const slots: [string, string, Promise<HTMLElement>][] = [
    ['Memory by use', '#/treemap', map.legend()],
    ['Devices', '#/table/devices', tables.few('devices', { limit: '12' }, ['device', 'driver', 'mode', 'mappedBytes'])],
    ['Findings', '#/findings', tables.few('exposure', { limit: '12' }, ['severity', 'device', 'message'])],
    ['Processes by memory', '#/table/ps?sort=residentPages%3Adesc',
      tables.few('ps', { limit: '12', sort: 'residentPages:desc', where: 'kernelThread=false' }, ['pid', 'comm', 'residentPages'])],
  ];
  for (const [title, href, content] of slots) {
    const card = h('section', { class: 'card' }, h('h2', {}, h('a', { href }, title)), h('p', { class: 'soft' }, 'Reading...'));
    cards.append(card);
    content.then(element => card.lastElementChild!.replaceWith(element), error => card.lastElementChild!.replaceWith(report(error)));
  }

  cards.append(h('section', { class: 'card' }, h('h2', {}, 'How it was found'), h('dl', { class: 'fields' },
    facts.map(fact => h('div', {}, h('dt', {}, `${fact.name}`), h('dd', {}, value('virtual', fact.value), ' ',
      h('span', { class: 'soft' }, (fact.sources as string[]).join(', '))))))));
}

async function device(main: HTMLElement, name: string, signal: AbortSignal): Promise<void> {
  const page = await ask<Page>('table/devices', { where: `device=${name}` }, signal);
  const row = page.rows[0];
  if (!row) {
    main.replaceChildren(h('h1', {}, 'No answer'), report(`this machine has no device ${name}`));
    return;
  }

  main.replaceChildren(
    h('h1', { class: 'mono' }, name, h('small', {}, [row.vendorName, row.deviceName, row.driver].filter(Boolean).join(' '))),
    h('p', { class: 'paging' }, h('a', { href: `#/map?overlay=write&device=${name}` }, 'What it can write, on the map'),
      h('a', { href: `#/findings?device=${name}` }, 'Findings about it')),
    h('div', { class: 'cards' }, h('section', { class: 'card' }, h('h2', {}, 'The device'), h('dl', { class: 'fields' },
      Object.entries(row).filter(([, its]) => its !== null && !(Array.isArray(its) && its.length === 0)).map(([key, its]) =>
        h('div', {}, h('dt', {}, key), h('dd', {}, key === 'mappedBytes' ? size(Number(its)) : value(key, its, row))))))));
  const card = h('section', { class: 'card' }, h('h2', {}, 'Findings'), h('p', { class: 'soft' }, 'Reading...'));
  main.querySelector('.cards')!.append(card);
  if (row.root !== null) {
    main.querySelector('.cards')!.prepend(h('section', { class: 'card whole' }, h('h2', {}, 'Addresses that it can use'), await bands(name, signal)));
  }

  card.lastElementChild!.replaceWith(await tables.few('exposure', { where: `devices=${name}` }, ['severity', 'message', 'evidenceCount']));
}

async function process(main: HTMLElement, pid: string, signal: AbortSignal): Promise<void> {
  const page = await ask<Page>('table/ps', { where: `pid=${pid}` }, signal);
  const row = page.rows[0];
  if (!row) {
    main.replaceChildren(h('h1', {}, 'No answer'), report(`this machine has no process ${pid}`));
    return;
  }

  main.replaceChildren(h('h1', {}, `${row.comm}`, h('small', {}, `process ${pid}`)));

  if (row.mm !== null) {
    main.append(h('p', {}, h('a', { href: `#/virtual?pid=${encodeURIComponent(pid)}` }, 'Its memory as a map')));
  }

  main.append(h('div', { class: 'cards' }, h('section', { class: 'card' }, h('h2', {}, 'The process'), h('dl', { class: 'fields' },
    Object.entries(row).filter(([, its]) => its !== null && !(Array.isArray(its) && its.length === 0)).map(([key, its]) =>
      h('div', {}, h('dt', {}, key), h('dd', {}, key === 'pid' ? pid : value(key, its, row))))))));
  const parts: [string, string, string[]][] =
    [['Memory', 'vmas', ['start', 'end', 'rights', 'residentBytes', 'name', 'path']], ['Files', 'files', ['fd', 'kind', 'path']]];
  for (const [title, name, columns] of parts) {
    const all = (await allTables()).find(table => table.table === name);
    const card = h('section', { class: 'card' }, h('h2', {}, h('a', { href: `#/table/${name}?where=pid%3D${pid}` }, title)));
    main.querySelector('.cards')!.append(card);
    card.append(await tables.few(name, { where: `pid=${pid}`, limit: '60' },
      columns.filter(column => all?.columns.some(one => one.column === column))).catch(report));
  }
}

async function everything(main: HTMLElement): Promise<void> {
  main.replaceChildren(h('h1', {}, 'All tables'), h('dl', { class: 'fields' }, (await allTables()).map(table =>
    h('div', {}, h('dt', {}, h('a', { href: `#/table/${table.table}` }, table.table)), h('dd', {}, table.meaning)))));
}

async function route(): Promise<void> {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const [path, query] = location.hash.replace(/^#/, '').split('?', 2);
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const parameters = new URLSearchParams(query ?? '');
  for (const link of document.querySelectorAll('nav a')) {
    link.toggleAttribute('aria-current', link.getAttribute('href')!.split('?')[0] === `#${path || '/'}`);
  }

  document.title = `iommu-spy: ${parameters.get('at') ?? parts[1] ?? parts[0] ?? 'machine'}`;
  place.classList.toggle('full', parts[0] === 'map');
  map.leave();

  // A view that was left goes on writing into its own place, which nobody sees any more.
  const main = h('div', {}, h('h1', { class: 'soft' }, 'Reading...'));
  place.replaceChildren(main);

  try {
    switch (parts[0]) {
      case 'explain':
        bar.value = [parameters.get('device') ?? parameters.get('pid'), parameters.get('at')].filter(Boolean).join(' ');
        await explain.show(main, parameters, signal);
        break;
      case 'map': await map.show(main, parameters, signal); break;
      case 'table': await tables.show(main, parts[1], parameters, signal); break;
      case 'treemap': await treemap.show(main, signal); break;
      case 'virtual': await virtual.show(main, parameters, signal); break;
      case 'topology': await topology.show(main, signal); break;
      case 'findings': await findings.show(main, parameters, signal); break;
      case 'sql': await sql.show(main, parameters, signal); break;
      case 'tables': await everything(main); break;
      case 'device': await device(main, parts[1], signal); break;
      case 'process': await process(main, parts[1], signal); break;
      default: await machine(main, signal);
    }
  } catch (error) {
    if (!signal.aborted) {
      main.replaceChildren(h('h1', {}, 'No answer'), report(error));
    }
  }
}

document.querySelector('nav')!.append(...VIEWS.map(([href, name]) => h('a', { href }, name)));
document.getElementById('go')!.addEventListener('submit', event => {
  event.preventDefault();
  if (bar.value.trim()) {
    location.hash = destination(bar.value);
    place.focus();
  }
});

// Names that begin so, a moment after the last key.
let timer = 0;
bar.addEventListener('input', () => {
  clearTimeout(timer);
  const begun = bar.value.trim();
  if (!/^[a-z_][a-z0-9_]{2,}$/i.test(begun)) {
    return;
  }

  timer = window.setTimeout(async () => {
    const page = await ask<Page>('table/symbols', { where: `name=${begun}*`, columns: 'name', limit: '20' }).catch(() => null);
    document.getElementById('names')!.replaceChildren(...(page?.rows ?? []).map(row => h('option', { value: `${row.name}` })));
  }, 200);
});
document.addEventListener('keydown', event => {
  if (event.key === '/' && !(event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement)) {
    event.preventDefault();
    bar.focus();
    bar.select();
  }
});
window.addEventListener('hashchange', () => void route());
void route();
