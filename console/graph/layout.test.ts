import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { layoutGraph } from './layout.ts';
import { textWidthPx, wrapText } from './wrap-text.ts';

const SIZE = { width: 200, height: 100 };

function graphOf(edges: readonly (readonly [string, string])[]) {
  const ids = [...new Set(edges.flat())];
  return {
    ...{ id: 7, direction: 'LR' as const },
    nodes: ids.map((id) => ({ id, ...SIZE })),
    edges: edges.map(([from, to], index) => {
      return { id: `${from}-${to}-${index}`, from, to, width: 60, height: 20 };
    }),
  };
}

describe('layoutGraph', () => {
  it('gives a graph of nothing no size', () => {
    const { width, height } = layoutGraph(graphOf([]));
    assert.deepEqual([width, height], [0, 0]);
  });

  it('puts what reads behind what writes, and nothing over anything', () => {
    const graph = graphOf([
      ...([
        ['a', 'c'],
        ['b', 'c'],
        ['c', 'd'],
        ['c', 'e'],
      ] as const),
    ]);
    const { id, nodes, width, height } = layoutGraph(graph);
    assert.equal(id, 7);
    for (const { from, to } of graph.edges) {
      assert.ok((nodes[from]?.x ?? 0) + SIZE.width < (nodes[to]?.x ?? 0), `${from} ${to}`);
    }
    const corners = Object.values(nodes);
    for (const [index, one] of corners.entries()) {
      assert.ok(one.x >= 0 && one.y >= 0 && one.x + 200 <= width && one.y + 100 <= height);
      for (const other of corners.slice(index + 1)) {
        assert.ok(Math.abs(one.x - other.x) >= 200 || Math.abs(one.y - other.y) >= 100);
      }
    }
  });

  it('draws each of several streams between the same vertices', () => {
    const { edges, labels } = layoutGraph(
      graphOf([
        ...([
          ['a', 'b'],
          ['a', 'b'],
        ] as const),
      ]),
    );
    assert.equal(Object.keys(edges).length, 2);
    for (const points of Object.values(edges)) assert.ok(points.length >= 2);
    const [one, other] = Object.values(labels);
    assert.ok(Math.abs((one?.y ?? 0) - (other?.y ?? 0)) >= 20, 'what is written lies apart');
  });

  it('goes from top to bottom where there is no room', () => {
    const { nodes } = layoutGraph({ ...graphOf([['a', 'b']]), direction: 'TB' });
    assert.ok((nodes.a?.y ?? 0) + SIZE.height < (nodes.b?.y ?? 0));
  });

  it('lays out 200 vertices', () => {
    const edges = Array.from({ length: 199 }, (_, index) => {
      return [`v${Math.floor(index / 2)}`, `v${index + 1}`] as const;
    });
    assert.equal(Object.keys(layoutGraph(graphOf(edges)).nodes).length, 200);
  });
});

describe('wrapText', () => {
  it('breaks at spaces, and ends what does not fit', () => {
    assert.deepEqual(wrapText('Source: events -> parse', 40, 2), ['Source: events -> parse']);
    assert.deepEqual(wrapText('Source: events -> parse -> keep', 16, 2), [
      ...['Source: events', '-> parse -> keep'],
    ]);
    assert.deepEqual(wrapText('a'.repeat(50), 10, 2), ['a'.repeat(10), `${'a'.repeat(9)}…`]);
  });

  it('counts what characters take, and breaks a long word where it may', () => {
    const name = 'Window(TumblingEventTimeWindows(10000), EventTimeTrigger, Sum) -> Map -> Filter';
    const widthOf = (line: string): number => textWidthPx(line, 13);
    const lines = wrapText(name, 224, 4, widthOf);
    assert.ok(lines.length <= 4 && lines.every((line) => widthOf(line) <= 224), lines.join('|'));
    assert.equal(lines.join('').replaceAll(' ', ''), name.replaceAll(' ', ''));
    assert.ok(lines.length > 2, 'a line has less room than characters of a usual width');
    const long = wrapText(name.repeat(9), 224, 4, widthOf);
    assert.ok(long.length === 4 && long.every((line) => widthOf(line) <= 224));
    assert.match(long[3] ?? '', /…$/);
    assert.ok(textWidthPx('WWWW', 13) > 2 * textWidthPx('iiii', 13));
  });
});
