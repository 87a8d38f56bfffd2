#include "verbs/verbs.h"

#include "failure.h"

namespace greyctl {

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands = {
      cluster_status_command(),
      cluster_members_command(),
      cluster_leader_command(),
      cluster_replication_command(),
      cluster_add_member_command(),
      cluster_remove_member_command(),
      cluster_transfer_leader_command(),
      kv_get_command(),
      kv_put_command(),
      kv_del_command(),
      kv_scan_command(),
      kv_watch_command(),
      plugin_list_command(),
      plugin_inspect_command(),
      snapshot_create_command(),
      snapshot_restore_command(),
      snapshot_inspect_command(),
      fsck_command(),
      repair_command(),
      config_check_command(),
      config_init_command(),
      certs_create_command(),
      bench_command(),
  };
  return commands;
}

void not_implemented(const std::string& command, const std::string& instead, ExitCode exit_code) {
  throw Failure(exit_code, command + ": not implemented in this version; " + instead);
}

}  // namespace greyctl
