/** Goal: what the help and its page say is so. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ACTION_SPECS, ACTIONS } from './actions.ts';
import { actionHelp, fullHelp } from './help.ts';
import { parseOptions } from './parse-options.ts';
import { packageRoot } from './version.ts';

describe('the help', () => {
  it('has examples of every action, which are commands that it takes', () => {
    for (const action of ACTIONS) {
      const { examples, options, optionsAt } = ACTION_SPECS[action];
      assert.ok(examples.length > 0, action);
      for (const [command] of examples) {
        assert.ok(command.startsWith(action), command);
        assert.match(actionHelp(action), / {2}Examples:\n {5}sluice /);
        const words = command
          .slice(action.length)
          .split(' ')
          .filter((word) => word !== '');
        assert.doesNotThrow(() => parseOptions(options, words, { options: optionsAt }), command);
      }
    }
  });

  it('leaves out what is hidden or refused', () => {
    for (const name of ['--executor', '--jarfile', '--zookeeperNamespace', '--restoreMode']) {
      assert.ok(!fullHelp().includes(name), name);
    }
  });

  it('has a page that knows every action, and what --json prints of it', () => {
    const page = readFileSync(join(packageRoot(), 'docs', 'cli.md'), 'utf8');
    const [, documents = ''] = page.split('| Action | Document |');
    for (const action of ACTIONS) {
      assert.match(page, new RegExp(`\`${action}[\` ]`), action);
      const { options } = ACTION_SPECS[action];
      const isThere = options.some(({ long }) => long === 'json');
      assert.equal(isThere, action !== 'completion', action);
      if (isThere) assert.ok(documents.includes(`| \`${action}\` |`), action);
    }
  });
});
