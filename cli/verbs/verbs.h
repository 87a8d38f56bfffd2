// Every verb of greyctl, each in a file of its own.
#ifndef GREY_CLI_VERBS_VERBS_H_
#define GREY_CLI_VERBS_VERBS_H_

#include <string>
#include <vector>

#include "command.h"
#include "failure.h"

namespace greyctl {

Command cluster_status_command();
Command cluster_members_command();
Command cluster_leader_command();
Command cluster_replication_command();
Command cluster_add_member_command();
Command cluster_remove_member_command();
Command cluster_transfer_leader_command();
Command kv_get_command();
Command kv_put_command();
Command kv_del_command();
Command kv_scan_command();
Command kv_watch_command();
Command plugin_list_command();
Command plugin_inspect_command();
Command snapshot_create_command();
Command snapshot_restore_command();
Command snapshot_inspect_command();
Command fsck_command();
Command repair_command();
Command config_check_command();
Command config_init_command();
Command certs_create_command();
Command bench_command();

// All of them, in the order of the help text.
const std::vector<Command>& all_commands();

// Ends a verb that is named but not built: throws Failure with
// `COMMAND: not implemented in this version; INSTEAD`.
[[noreturn]] void not_implemented(const std::string& command, const std::string& instead,
                                  ExitCode exit_code = kFailed);

}  // namespace greyctl

#endif  // GREY_CLI_VERBS_VERBS_H_
