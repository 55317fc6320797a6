import { CompareDialog } from "../compare/CompareDialog";
import { ShareDialog } from "../sharing/ShareDialog";
import { VersionsDialog } from "../sharing/VersionsDialog";
import { VerifyDialog } from "../verify/VerifyDialog";
import { AxisDialog } from "../sweep/AxisDialog";
import { SweepTable } from "../sweep/SweepTable";
import { DropTarget } from "./drop";
import { Questions } from "./Questions";
import { ReportDialog } from "./ReportDialog";
import { TemplatesDialog } from "./TemplatesDialog";
import "./dialogs.css";

/** All that files put over the page. */
export function FileDialogs() {
  return (
    <>
      <TemplatesDialog />
      <ReportDialog />
      <ShareDialog />
      <VersionsDialog />
      <CompareDialog />
      <VerifyDialog />
      <AxisDialog />
      <SweepTable />
      <Questions />
      <DropTarget />
    </>
  );
}
