// A question in SQL to the tables of the machine, where DuckDB's library is there; its rows as those of any table.

import { allTables, ask, type Column, type Page } from './api';
import { h, report } from './dom';
import { inText } from './links';
import { isNumber, rows } from './tables';

const ROWS = 100;

interface Offer { tables: string[]; examples: { sentence: string; query: string }[] }

interface Answer extends Omit<Page, 'table'> { columns: Column[] }

function address(query: string, offset = 0): string {
  return `#/sql?${new URLSearchParams({ query, ...offset > 0 ? { offset: `${offset}` } : {} })}`;
}

function heading(column: Column): HTMLElement {
  return h('th', { class: isNumber(column) ? 'n' : undefined, scope: 'col' }, column.column);
}

async function answer(query: string, offset: number, signal: AbortSignal): Promise<HTMLElement[]> {
  const page = await ask<Answer>('report/sql', { query, offset: `${offset}`, limit: `${ROWS}` }, signal);
  const last = offset + page.rows.length;
  return [...page.problems.map(problem => h('p', { class: 'warn' }, inText(problem))), rows(page.columns, { ...page, table: 'the answer' }, heading),
    h('p', { class: 'paging' }, page.rows.length === 0 ? 'No row.' : `Rows ${offset + 1} to ${last}${page.more ? '' : ` of ${last}`}`,
      offset > 0 && h('a', { href: address(query, Math.max(0, offset - ROWS)), rel: 'prev' }, '← previous'),
      page.more && h('a', { href: address(query, last), rel: 'next' }, 'next →'),
      h('span', { class: 'soft mono' }, `iommu-spy sql '${query.replaceAll("'", "'\\''")}'`))];
}

// Tables that are of a part alone are asked as functions, and have no list of their own.
async function help(offer: Offer): Promise<HTMLElement> {
  const listed = new Set((await allTables()).map(table => table.table));
  return h('details', { open: true }, h('summary', {}, 'Questions to begin with, and the tables'),
    h('ul', {}, offer.examples.map(one => h('li', {}, h('a', { href: address(one.query) }, one.sentence)))),
    h('p', { class: 'soft' }, 'Tables: ', offer.tables.map((name, i) => {
      const its = name.replaceAll('_', '-');
      return [i > 0 && ', ', listed.has(its) ? h('a', { href: `#/table/${its}`, class: 'mono' }, name) : h('span', { class: 'mono' }, name)];
    })));
}

export async function show(main: HTMLElement, query: URLSearchParams, signal: AbortSignal): Promise<void> {
  const heading = h('h1', {}, 'SQL', h('small', {}, "every table, asked in DuckDB's SQL; nothing is written"));
  let offer: Offer;
  try {
    offer = await ask<Offer>('report/sql', {}, signal);
  } catch (error) {
    main.replaceChildren(heading, report(error));
    return;
  }

  const asked = query.get('query') ?? '';
  const box = h('textarea', { rows: 4, spellcheck: 'false', 'aria-label': 'Question in SQL', class: 'mono', maxlength: 8000,
    placeholder: 'SELECT kind, count(*) AS pages FROM pages GROUP BY kind ORDER BY pages DESC' });
  box.value = asked;
  const run = (): void => {
    if (box.value.trim()) {
      location.hash = address(box.value.trim());
    }
  };
  box.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  const form = h('form', { class: 'sql', submit: event => { event.preventDefault(); run(); } }, box,
    h('p', { class: 'paging' }, h('button', {}, 'Ask'), h('span', { class: 'soft' }, 'or Ctrl+Enter; it may take 60 s and 1 GiB')));
  const result = h('div', {}, asked ? h('p', { class: 'soft' }, 'Reading...') : await help(offer));
  main.replaceChildren(heading, form, result);
  if (asked) {
    const elements = await answer(asked, Number(query.get('offset') ?? 0), signal).catch(error => [report(error)]);
    result.replaceChildren(...elements);
  }
}
