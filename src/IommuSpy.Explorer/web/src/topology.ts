// How devices get at memory: each IOMMU unit, the domains behind it, their groups and devices, with the bridges in between, and the findings about each.

import { ask, type Json, type Page, type Row } from './api';
import { h, report, size, type Child } from './dom';
import { bands } from './iova';
import { inText, value } from './links';

const MOST = 1000;
const UNRESTRICTED = new Set(['no IOMMU', 'pass-through']);

// Devices that go through one set of tables, or through none alike.
interface Domain { first: Row; devices: Row[] }

function by<T>(rows: T[], key: (row: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    found.set(key(row), [...found.get(key(row)) ?? [], row]);
  }

  return found;
}

function mode(row: Row): HTMLElement {
  const its = `${row.mode}`;
  return h('span', { class: `mode ${UNRESTRICTED.has(its) ? 'open' : its === 'translated' ? 'kept' : ''}` }, its);
}

function reaches(row: Row): string {
  return typeof row.mappedBytes === 'number' ? `${size(row.mappedBytes)} mapped` : 'all memory';
}

function devicesOf(column: string, its: Json): string {
  return `#/table/devices?${new URLSearchParams({ where: `${column}=${its}` })}`;
}

// "usermapping[272]": a process, or something that one has.
function owner(text: string): Child {
  const pid = /\[(\d+)\]$/.exec(text)?.[1];
  return pid ? h('a', { href: `#/process/${pid}` }, text) : text;
}

class Topology {
  // Where the bands of a domain go, and of which device they are.
  readonly places: [HTMLElement, string][] = [];
  private readonly functions: Map<string, Row>;
  private readonly pins = new Map<string, HTMLElement>();

  constructor(private readonly devices: Row[], private readonly units: Row[], functions: Row[]) {
    this.functions = new Map(functions.map(one => [`${one.device}`, one]));
  }

  draw(): HTMLElement[] {
    return [...by(this.devices, row => `${row.unit ?? ''}`)].map(([name, rows]) => this.unit(name, rows));
  }

  // Findings, each at every device that it is about, or at its unit.
  pin(findings: Row[]): void {
    for (const finding of findings) {
      const about = (finding.devices as string[]).length > 0 ? finding.devices as string[] : [`${finding.unit}`];
      about.forEach(name => this.pins.get(name)?.append(h('a', {
        class: `pin ${finding.severity}`, title: `${finding.title}: ${finding.message}`,
        href: `#/findings?${new URLSearchParams({ ...this.functions.has(name) || finding.device ? { device: name } : {}, rule: `${finding.rule}` })}`,
      }, `${finding.rule}`)));
    }
  }

  private unit(name: string, rows: Row[]): HTMLElement {
    const its = this.units.find(unit => [unit.name, unit.registers, unit.root, unit.kind].includes(name));
    const domains: Domain[] = [...by(rows, row => `${row.mode} ${row.root ?? row.domain ?? ''}`).values()].map(devices => ({ first: devices[0], devices }));
    return h('section', { class: 'unit', 'aria-label': name || 'Without an IOMMU' },
      h('h2', {}, name || 'No IOMMU', its && h('small', {}, [`${its.kind}`, its.mode && `${its.mode} mode`,
        its.translating === false ? 'does not translate' : its.translating && 'translates', its.interruptRemapping === false ? 'does not remap interrupts'
          : its.interruptRemapping && 'remaps interrupts'].filter(Boolean).join(', ')), this.pinsOf(name)),
      its && h('p', { class: 'soft' }, its.registers !== null && ['registers at ', value('physical', its.registers), ', '],
        its.root !== null && ['root table at ', value('root', its.root)]),
      h('div', { class: 'domains' }, domains.map(domain => this.domain(domain))));
  }

  private domain({ first, devices }: Domain): HTMLElement {
    const groups = [...new Set(devices.map(device => device.group).filter(group => group !== null))];
    const place = h('div', { class: 'place' });
    if (first.root !== null) {
      this.places.push([place, `${first.device}`]);
    }

    return h('div', { class: 'domain' },
      h('div', { class: 'node' },
        h('h3', {}, first.domain !== null ? h('a', { href: devicesOf('domain', first.domain) }, `Domain ${first.domain}`) : groups.length > 0 ? '' : 'Devices',
          groups.length > 0 && h('small', {}, groups.length > 1 ? 'groups ' : 'group ',
            groups.map((group, i) => [i > 0 && ', ', h('a', { href: devicesOf('group', group) }, `${group}`)]))),
        h('p', {}, mode(first), ' ', h('span', { class: UNRESTRICTED.has(`${first.mode}`) ? 'bad' : '' }, reaches(first))),
        h('p', { class: 'soft' }, [first.domainType, first.tableFormat && `${first.tableFormat} tables of ${first.levels} levels`,
          first.strict === false ? 'invalidated lazily' : first.strict && 'invalidated at once'].filter(Boolean).join(', ')),
        first.problem && h('p', { class: 'soft' }, inText(`${first.problem}`))),
      h('div', { class: 'members' }, h('ul', {}, this.below(null, devices, groups.length > 1)), place));
  }

  // Devices of a domain behind a bridge of the same domain; at first those that are behind none of them.
  private below(bridge: string | null, devices: Row[], grouped: boolean): Child {
    const inside = new Set(devices.map(device => `${device.device}`));
    return devices.filter(device => {
      const its = this.bridgeOf(`${device.device}`);
      return bridge === null ? its === null || !inside.has(its) : its === bridge;
    }).map(device => {
      const name = `${device.device}`;
      const nested = this.below(name, devices, grouped);
      return h('li', {}, this.device(device, bridge, grouped), Array.isArray(nested) && nested.length > 0 && h('ul', {}, nested));
    });
  }

  private device(row: Row, bridge: string | null, grouped: boolean): HTMLElement {
    const name = `${row.device}`;
    const kind = this.functions.get(name)?.kind;
    const behind = this.way(name).filter(one => one !== bridge);
    const others = (row.requesters as string[]).filter(one => one !== name);
    return h('div', { class: 'device' },
      h('span', { class: 'name' }, value('device', name), ' ', h('b', {}, `${row.driver ?? ''}`)),
      h('span', { class: 'soft' }, [
        [row.deviceName ?? row.className, kind, grouped && `group ${row.group}`].filter(Boolean).join(', '),
        row.owner && [', given to ', owner(`${row.owner}`)],
        bridge === null && behind.length > 0 && [', behind ', behind.map((one, i) => [i > 0 && ', ', value('device', one)])],
        others.length > 0 && [', asks as ', others.map((one, i) => [i > 0 && ', ', h('span', { class: 'mono' }, one)])]]),
      this.pinsOf(name));
  }

  private pinsOf(name: string): HTMLElement {
    const pins = h('span', { class: 'pins' });
    this.pins.set(name, pins);
    return pins;
  }

  private bridgeOf(device: string): string | null {
    const bridge = this.functions.get(device)?.bridge;
    return typeof bridge === 'string' ? bridge : null;
  }

  // The bridges before a device, the nearest first; each once, whatever the image says.
  private way(device: string): string[] {
    const way: string[] = [];
    for (let at = this.bridgeOf(device); at !== null && !way.includes(at); at = this.bridgeOf(at)) {
      way.push(at);
    }

    return way;
  }
}

export async function show(main: HTMLElement, signal: AbortSignal): Promise<void> {
  const all = (table: string): Promise<Page> => ask<Page>(`table/${table}`, { limit: `${MOST}` }, signal);
  const problems: string[] = [];
  // What the kernel's PCI functions tell is missing where nothing describes them; the devices are known without.
  const functions = all('pci').catch(error => {
    problems.push(`bridges are not shown: ${error instanceof Error ? error.message : error}`);
    return null;
  });
  const [devices, units, pci] = await Promise.all([all('devices'), all('iommu'), functions]);
  const topology = new Topology(devices.rows, units.rows, pci?.rows ?? []);
  const open = devices.rows.filter(row => UNRESTRICTED.has(`${row.mode}`)).length;
  const pinned = h('p', { class: 'soft' }, 'Reading what devices can do that they should not...');
  main.replaceChildren(h('h1', {}, 'Topology', h('small', {}, `${units.rows.length} IOMMU${units.rows.length === 1 ? '' : 's'}, ${devices.rows.length} devices`,
    open > 0 ? h('span', { class: 'bad' }, `, ${open} of them reach all memory`) : '')),
  ...[...new Set([...devices.problems, ...units.problems, ...problems])].map(problem => h('p', { class: 'warn' }, inText(problem))),
  devices.more ? h('p', { class: 'warn' }, `The first ${MOST} devices are shown; `, h('a', { href: '#/table/devices' }, 'all of them as a table')) : '', pinned,
  ...topology.draw(), devices.rows.length === 0 ? h('p', {}, 'This machine has no devices that are known.') : '');
  const findings = all('exposure').then(page => {
    topology.pin(page.rows);
    pinned.replaceChildren(h('a', { href: '#/findings' }, `${page.rows.length} findings`), ', each at the devices that it is about. ',
      'Below a domain are the addresses that its devices can use: ', h('span', { class: 'key writes' }), ' readable and writable, or writable, ',
      h('span', { class: 'key reads' }), ' readable alone; wider is more on a logarithmic scale, and gaps are shortened.');
  }, error => pinned.replaceChildren(report(error)));
  for (const [place, device] of topology.places) {
    place.replaceChildren(await bands(device, signal));
  }

  await findings;
}
