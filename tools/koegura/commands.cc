#include <array>

#include "command.h"

namespace koegura::tools {

// Defined each in its own file.
std::unique_ptr<Command> make_record_command();
std::unique_ptr<Command> make_calls_command();
std::unique_ptr<Command> make_show_command();
std::unique_ptr<Command> make_ladder_command();
std::unique_ptr<Command> make_audio_command();
std::unique_ptr<Command> make_fax_command();
std::unique_ptr<Command> make_packets_command();
std::unique_ptr<Command> make_note_command();
std::unique_ptr<Command> make_export_command();
std::unique_ptr<Command> make_hold_command();
std::unique_ptr<Command> make_retention_command();
std::unique_ptr<Command> make_verify_command();
std::unique_ptr<Command> make_ledger_command();
std::unique_ptr<Command> make_scrub_command();
std::unique_ptr<Command> make_reindex_command();
std::unique_ptr<Command> make_status_command();
std::unique_ptr<Command> make_top_command();
std::unique_ptr<Command> make_doctor_command();
std::unique_ptr<Command> make_directory_command();
std::unique_ptr<Command> make_traffic_command();

namespace {

constexpr std::array kCommands = {
    CommandRow{"record", "archive the calls of capture files", make_record_command},
    CommandRow{"calls", "list the calls of the archive", make_calls_command},
    CommandRow{"show", "tell a call's story: parties, times, streams, quality", make_show_command},
    CommandRow{"ladder", "draw a call's SIP messages", make_ladder_command},
    CommandRow{"audio", "write a call's audio to a file", make_audio_command},
    CommandRow{"fax", "write the pages of a call's faxes to a TIFF file", make_fax_command},
    CommandRow{"packets", "write a call's packets to a capture file", make_packets_command},
    CommandRow{"note", "write a remark or a tag on a call", make_note_command},
    CommandRow{"hold", "hold calls for a case, so that they are not erased", make_hold_command},
    CommandRow{"retention", "which calls go when, and why; erase those whose time is over",
               make_retention_command},
    CommandRow{"status", "one screen: is it recording, hearing, losing; how long the disk lasts",
               make_status_command},
    CommandRow{"top", "live view of the recorder: calls in progress, rates, drops",
               make_top_command},
    CommandRow{"doctor", "check interfaces, mirror port, clock and disk, and say what to change",
               make_doctor_command},
    CommandRow{"export", "copy calls into a bundle that proves itself", make_export_command},
    CommandRow{"verify", "read every call of the archive again, and check that it is whole",
               make_verify_command},
    CommandRow{"ledger", "what happened to the archive: its signed head, its entries, proofs",
               make_ledger_command},
    CommandRow{"scrub", "the same, slowly beside other work, going on where it was stopped",
               make_scrub_command},
    CommandRow{"reindex", "rebuild the index from the call files", make_reindex_command},
    CommandRow{"directory", "whose each number is: import a list, export it, show it",
               make_directory_command},
    CommandRow{"traffic", "generate calls with known audio as a capture file",
               make_traffic_command},
};

}  // namespace

std::span<const CommandRow> commands() {
  return kCommands;
}

}  // namespace koegura::tools
