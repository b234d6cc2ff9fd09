// Any table of the catalogue: sorted, filtered and paged by the server.

import { allTables, ask, type Column, type Page, type Row, type Table } from './api';
import { add, h, report, size } from './dom';
import { value } from './links';

const ROWS = 100;
const SIZES = new Set(['bytes']);

export interface View { where: string[]; sort: string; offset: number; columns?: string[] }

export function address(table: string, view: View): string {
  const query = new URLSearchParams();
  view.where.forEach(condition => query.append('where', condition));
  if (view.sort) {
    query.set('sort', view.sort);
  }

  if (view.offset > 0) {
    query.set('offset', `${view.offset}`);
  }

  return `#/table/${table}${`${query}` ? `?${query}` : ''}`;
}

export function isNumber(column: Column): boolean {
  return ['number', 'integer', 'real'].includes(column.type);
}

function cell(column: Column, row: Row): HTMLElement {
  const its = row[column.column];
  const text = typeof its === 'number' && SIZES.has(column.unit ?? '') ? h('span', { title: `${its.toLocaleString('en')} bytes` }, size(its))
    : typeof its === 'number' && column.unit?.startsWith('pages') ? h('span', { title: size(its * 4096) }, its.toLocaleString('en'))
    : column.type === 'records' && Array.isArray(its) ? h('span', {}, `${its.length}`)
    : value(column.column, its, row);
  return h('td', { class: isNumber(column) ? 'n' : ['address', 'hex'].includes(column.type) ? 'mono' : undefined }, text);
}

// Columns that say nothing in any row of a page are left out.
function telling(columns: Column[], rows: Row[]): Column[] {
  const told = columns.filter(column => rows.some(row => {
    const its = row[column.column];
    return its !== null && its !== undefined && !(Array.isArray(its) && its.length === 0);
  }));
  return told.length > 0 ? told : columns;
}

export function rows(columns: Column[], page: Page, heading: (column: Column) => HTMLElement): HTMLElement {
  const shown = telling(columns, page.rows);
  return h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': `Rows of ${page.table}` },
    h('table', {}, h('thead', {}, h('tr', {}, shown.map(heading))),
      h('tbody', {}, page.rows.map(row => h('tr', {}, shown.map(column => cell(column, row)))))));
}

export async function few(name: string, parameters: Record<string, string | string[]>, columns: string[]): Promise<HTMLElement> {
  const table = (await allTables()).find(one => one.table === name)!;
  const page = await ask<Page>(`table/${name}`, parameters);
  const shown = columns.map(column => table.columns.find(one => one.column === column)!).filter(Boolean);
  const element = h('div', {}, rows(shown, page, column => h('th', { class: isNumber(column) ? 'n' : undefined, title: column.meaning }, column.column)));
  add(element, page.problems.map(problem => h('p', { class: 'warn' }, problem)));
  return element;
}

export async function show(main: HTMLElement, name: string, query: URLSearchParams, signal: AbortSignal): Promise<void> {
  const table = (await allTables()).find(one => one.table === name);
  if (!table) {
    main.replaceChildren(h('h1', {}, 'No answer'), report(`there is no table '${name}'`));
    return;
  }

  const view: View = { where: query.getAll('where'), sort: query.get('sort') ?? '', offset: Number(query.get('offset') ?? 0) };
  const condition = h('input', { type: 'text', size: 40, 'aria-label': 'Condition', spellcheck: 'false', placeholder: example(table) });
  const form = h('form', {
    class: 'filter', submit: event => {
      event.preventDefault();
      if (condition.value.trim()) {
        location.hash = address(name, { ...view, where: [...view.where, condition.value.trim()], offset: 0 });
      }
    },
  }, view.where.map((one, i) => h('a', {
    class: 'chip', title: 'Take this condition away', href: address(name, { ...view, where: view.where.filter((_, other) => other !== i), offset: 0 }),
  }, one, ' ×')), condition, h('button', {}, 'Filter'));
  main.replaceChildren(h('h1', {}, table.table, h('small', {}, table.meaning)), form, h('p', { class: 'soft' }, 'Reading...'));
  const parameters: Record<string, string | string[]> = { where: view.where, offset: `${view.offset}`, limit: `${ROWS}` };
  if (view.sort) {
    parameters.sort = view.sort;
  }

  const page = await ask<Page>(`table/${name}`, parameters, signal);
  main.lastElementChild!.remove();
  add(main, page.problems.map(problem => h('p', { class: 'warn' }, problem)));
  main.append(rows(table.columns, page, column => {
    const down = view.sort === `${column.column}:desc`;
    const up = view.sort === column.column;
    const next = down ? column.column : up ? '' : isNumber(column) ? `${column.column}:desc` : column.column;
    return h('th', { class: isNumber(column) ? 'n' : undefined, scope: 'col', 'aria-sort': down ? 'descending' : up ? 'ascending' : 'none' },
      h('a', { href: address(name, { ...view, sort: up && isNumber(column) ? '' : next, offset: 0 }), title: column.meaning },
        column.column, down ? ' ↓' : up ? ' ↑' : ''));
  }));
  const last = page.offset + page.rows.length;
  main.append(h('p', { class: 'paging' },
    page.rows.length === 0 ? 'No row meets this.' : `Rows ${page.offset + 1} to ${last}${page.more ? '' : ` of ${last}`}`,
    view.offset > 0 && h('a', { href: address(name, { ...view, offset: Math.max(0, view.offset - ROWS) }), rel: 'prev' }, '← previous'),
    page.more && h('a', { href: address(name, { ...view, offset: view.offset + ROWS }), rel: 'next' }, 'next →'),
    h('span', { class: 'soft mono' }, command(table, view))));
}

function example(table: Table): string {
  const text = table.columns.find(column => column.type === 'text');
  const number = table.columns.find(isNumber);
  return [text && `${text.column}=...`, text && `${text.column}~part`, number && `${number.column}>100`].filter(Boolean).join('   ');
}

function command(table: Table, view: View): string {
  return `iommu-spy ${table.command}${view.where.map(one => ` --where '${one}'`).join('')}${view.sort ? ` --sort ${view.sort}` : ''}`;
}
