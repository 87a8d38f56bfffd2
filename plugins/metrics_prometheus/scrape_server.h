// The HTTP server that Prometheus scrapes.
#ifndef GREY_PLUGINS_METRICS_PROMETHEUS_SCRAPE_SERVER_H_
#define GREY_PLUGINS_METRICS_PROMETHEUS_SCRAPE_SERVER_H_

#include <prometheus/collectable.h>

#include <memory>
#include <string>

#include "grey/glue/status.h"

class CivetServer;

namespace grey::prometheus {

// Serves GET and HEAD of /metrics, and 404 for everything else, from threads of its own.
class ScrapeServer {
 public:
  // Listens at `address` ("host:port" or "[v6]:port"; port 0: any) when it returns. On failure,
  // `why` tells what the system said; `already_exists` for an address in use.
  static Result<std::unique_ptr<ScrapeServer>> listen(
      const std::string& address, std::shared_ptr<::prometheus::Collectable> collectable,
      std::string* why);

  // Joins the threads; a scrape under way is finished or cut within seconds. Blocks.
  ~ScrapeServer();
  ScrapeServer(const ScrapeServer&) = delete;
  ScrapeServer& operator=(const ScrapeServer&) = delete;

  int port() const;

 private:
  class Handler;

  explicit ScrapeServer(std::shared_ptr<::prometheus::Collectable> collectable);

  bool is_v6_ = false;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<CivetServer> server_;  // goes first: its threads call the handler
};

}  // namespace grey::prometheus

#endif  // GREY_PLUGINS_METRICS_PROMETHEUS_SCRAPE_SERVER_H_
