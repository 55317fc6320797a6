import * as Tooltip from "@radix-ui/react-tooltip";
import { Canvas } from "../canvas/Canvas";
import { ComparePanel } from "../compare/ComparePanel";
import { FileDialogs } from "../files/FileDialogs";
import { OfferBanner } from "../files/OfferBanner";
import { Tabs } from "../files/Tabs";
import { MaskEditor } from "../mask/MaskEditor";
import { RunBar } from "../panels/RunBar";
import { Viewer } from "../panels/Viewer";
import { SharedBanner } from "../sharing/SharedBanner";
import { CommandPalette } from "./CommandPalette";
import { ErrorBoundary } from "./ErrorBoundary";
import { HistoryButtons } from "./HistoryButtons";
import { LiveRegion } from "./LiveRegion";
import { ConnectionBanner, FirstLoad } from "./Notices";
import { goToPart } from "./parts";
import { SettingsDialog } from "./SettingsDialog";
import { ShortcutsDialog } from "./ShortcutsDialog";
import { SideBar } from "./SideBar";
import { StatusLine } from "./StatusLine";
import { t } from "./strings";
import { Toasts } from "./toast";
import { Welcome } from "./Welcome";
import "./app.css";

/** The page: tabs and the run bar above, panels at the left, the canvas in what is left. */
export function App() {
  return (
    <Tooltip.Provider delayDuration={400}>
      <div className="app">
        <button type="button" className="btn skip-link" onClick={() => goToPart("canvas")}>
          {t.shell.skipToCanvas}
        </button>
        <header className="topbar">
          <h1>{t.shell.name}</h1>
          <Tabs />
          <HistoryButtons />
          <RunBar />
        </header>
        <div className="workbench">
          <SideBar />
          <main aria-label={t.shell.canvas}>
            <h2 className="visually-hidden">{t.shell.canvas}</h2>
            <ErrorBoundary>
              <Canvas />
            </ErrorBoundary>
            <div className="notices">
              <ConnectionBanner />
              <SharedBanner />
              <OfferBanner />
              <Welcome />
            </div>
            <FirstLoad />
          </main>
          <ErrorBoundary>
            <ComparePanel />
          </ErrorBoundary>
        </div>
        <StatusLine />
        <CommandPalette />
        <SettingsDialog />
        <ShortcutsDialog />
        <MaskEditor />
        <FileDialogs />
        <Viewer />
        <Toasts />
        <LiveRegion />
      </div>
    </Tooltip.Provider>
  );
}
