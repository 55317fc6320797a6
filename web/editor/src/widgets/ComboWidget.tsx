import * as Popover from "@radix-ui/react-popover";
import { Command } from "cmdk";
import { useMemo, useState } from "react";
import { narrowed } from "./choices";
import { Icon } from "./icons";
import type { WidgetProps } from "./props";
import { t } from "./strings";
import "./combo.css";

/** As many entries as are drawn at once: a list of thousands opens as fast as a short one. */
const SHOWN = 100;
const NO_CHOICES: readonly (string | number)[] = [];

/** One of many: a button with the value, and a list that is searched by typing. */
export function ComboWidget(props: WidgetProps) {
  const { widget, label, disabled, invalid, describedBy } = props;
  const [open, setOpen] = useState(false);
  const { choices = NO_CHOICES } = widget.spec;
  const value = String(widget.value ?? "");
  const isMissing = !choices.some((choice) => String(choice) === value);

  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild disabled={disabled}>
        <button
          type="button"
          role="combobox"
          aria-expanded={open}
          aria-label={label}
          aria-invalid={invalid || isMissing || undefined}
          aria-describedby={describedBy}
          className="combo nodrag"
          title={isMissing && value ? t.missing(value) : value}
        >
          <span className="combo-value">{value || t.noChoices}</span>
          <Icon name="down" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="combo-popover" align="end" sideOffset={4} collisionPadding={8} aria-label={label}>
          <ComboList {...props} value={value} onDone={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** The list itself, searched by typing. */
export function ComboList({
  widget,
  label,
  value,
  onChange,
  onDone,
}: WidgetProps & { value: string; onDone: () => void }) {
  const [query, setQuery] = useState("");
  const { choices = NO_CHOICES } = widget.spec;
  const fitting = useMemo(() => narrowed(choices, query, value), [choices, query, value]);
  const choose = (choice: string | number) => {
    onDone();
    if (choice !== widget.value) onChange(choice);
  };

  return (
    <Command shouldFilter={false} loop label={label} defaultValue={value}>
      <Command.Input className="combo-search" placeholder={t.search(label)} value={query} onValueChange={setQuery} />
      <Command.List className="combo-list">
        <Command.Empty className="combo-empty">{choices.length === 0 ? t.noChoices : t.nothingFits}</Command.Empty>
        {fitting.slice(0, SHOWN).map((choice) => (
          <Command.Item key={choice} value={String(choice)} className="combo-item" onSelect={() => choose(choice)}>
            <span className="combo-value">{choice}</span>
            {String(choice) === value && <Icon name="check" />}
          </Command.Item>
        ))}
        {fitting.length > SHOWN && <p className="combo-empty">{t.moreChoices(fitting.length - SHOWN)}</p>}
      </Command.List>
    </Command>
  );
}
