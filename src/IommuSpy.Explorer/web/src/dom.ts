// Elements from code. Text becomes text nodes and nothing else: what a machine calls itself or its processes can never become markup here.

export type Child = Node | string | number | null | undefined | false | Child[];
type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(name: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(key, value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? '' : `${value}`);
    }
  }

  add(element, children);
  return element;
}

export function add(element: Element, children: Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) {
      add(element, child);
    } else if (child !== null && child !== undefined && child !== false) {
      element.append(child instanceof Node ? child : `${child}`);
    }
  }
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg(name: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, `${value}`);
  }

  element.append(...children);
  return element;
}

export function swatch(group: string): SVGElement {
  return svg('svg', { viewBox: '0 0 10 10', width: 12, height: 12, class: 'swatch', 'aria-hidden': 'true' },
    svg('rect', { class: group, width: 10, height: 10, rx: 2 }));
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

// As Size.Text of the program.
export function size(bytes: number): string {
  let unit = 0;
  while (bytes >= 1023.95 && unit < UNITS.length - 1) {
    bytes /= 1024;
    unit++;
  }

  return `${Number.isInteger(bytes) ? bytes : +bytes.toFixed(1)} ${UNITS[unit]}`;
}

export function hex(value: number | bigint, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

export function report(error: unknown): HTMLElement {
  return h('p', { class: 'warn', role: 'alert' }, error instanceof Error ? error.message : `${error}`);
}
