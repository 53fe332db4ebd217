import type { JSX } from 'preact';
import { PAGES } from '../pages/index.ts';
import { Modal } from '../ui/index.ts';

/** The keys that do something. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  return (
    <Modal title="Keyboard shortcuts" onClose={onClose}>
      <dl class="help-list">
        {PAGES.map(({ link }) =>
          link === undefined ? null : (
            <Shortcut key={link.key} keys={['g', link.key]} does={`Go to ${link.label}`} />
          ),
        )}
        <Shortcut keys={['?']} does="Show this help" />
        <Shortcut keys={['Esc']} does="Close what is open" />
      </dl>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  );
}

function Shortcut(props: { readonly keys: readonly string[]; readonly does: string }): JSX.Element {
  return (
    <div class="help-entry">
      <dt>
        {props.keys.map((key) => (
          <kbd key={key} class="kbd">
            {key}
          </kbd>
        ))}
      </dt>
      <dd>{props.does}</dd>
    </div>
  );
}
