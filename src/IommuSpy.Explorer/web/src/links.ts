// Every number is a link: where a value leads to, by what its column or member is called (the vocabulary of docs/json.md).

import { h, size, type Child } from './dom';
import type { Json, Row } from './api';

export function explain(at: string, more: Record<string, string> = {}): string {
  return `#/explain?${new URLSearchParams({ at, ...more })}`;
}

const PHYSICAL = /^(physical|root|entryAddress|imagePhysical|frame)$/;
const FRAME = /^(pfn|head|frame)$/;
const ADDRESS = /^0x[0-9a-f]+$/;
const KERNEL = /0x[89a-f][0-9a-f]{15}/;
const IN_TEXT = /(0x[0-9a-f]{16}|\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b)/;

function link(href: string, text: string): HTMLAnchorElement {
  return h('a', { href, class: 'mono' }, text);
}

// A device as it is named in an address of the page: with the PASID that a row is about.
export function requester(row: Row): string {
  return typeof row.pasid === 'number' ? `${row.device}:0x${row.pasid.toString(16)}` : `${row.device}`;
}

// A value as people read it, with where it leads to; of a row, which says whose an I/O virtual address is.
export function value(name: string, its: Json, row: Row = {}): Child {
  if (its === null || its === undefined) {
    return h('span', { class: 'soft' }, '-');
  }

  if (Array.isArray(its)) {
    return its.some(one => one !== null && typeof one === 'object') ? records(its as Row[], row)
      : its.map((one, i) => [i > 0 && ' ', value(name, one, row)]);
  }

  if (typeof its === 'object') {
    return JSON.stringify(its);
  }

  const text = `${its}`;
  if (name === 'device' || name === 'devices' || name === 'requesters') {
    return link(`#/device/${encodeURIComponent(text)}`, text);
  }

  if ((name === 'pid' || name === 'tgid' || name === 'parent') && text !== '0') {
    return link(`#/process/${encodeURIComponent(text)}`, text);
  }

  if (typeof its === 'string' && ADDRESS.test(its)) {
    if (FRAME.test(name)) {
      return link(explain(`pfn:${its}`), its);
    }

    if (PHYSICAL.test(name)) {
      return link(explain(`phys:${its}`), its);
    }

    if (name === 'iova' && typeof row.device === 'string') {
      return link(explain(its, { device: requester(row) }), its);
    }

    if (its.length === 18) {
      const process: Record<string, string> = !KERNEL.test(its) && typeof row.pid === 'number' ? { pid: `${row.pid}` } : {};
      return link(explain(its, process), its);
    }

    return h('span', { class: 'mono' }, its);
  }

  return typeof its === 'string' ? inText(its) : text;
}

// Rows within a row, which tells whose their addresses are.
function records(its: Row[], row: Row): HTMLTableElement {
  const names = [...new Set(its.flatMap(one => Object.keys(one).filter(name => one[name] !== null)))];
  return h('table', {}, h('thead', {}, h('tr', {}, names.map(name => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, its.map(one => h('tr', {}, names.map(name =>
      h('td', {}, name === 'bytes' ? size(Number(one[name])) : value(name, one[name], { ...row, ...one })))))));
}

// A sentence, in which kernel addresses and devices lead on.
export function inText(text: string): Child {
  return text.split(IN_TEXT).map(part => KERNEL.test(part) && ADDRESS.test(part) ? link(explain(part), part)
    : IN_TEXT.test(part) && part.includes(':') ? link(`#/device/${encodeURIComponent(part)}`, part)
    : part);
}
