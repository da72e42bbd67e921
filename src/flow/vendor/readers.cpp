#include "flow/vendor/readers.h"

namespace sluice::flow::vendor {

const std::vector<Reader>& readers() {
  static const std::vector<Reader> all = {
      {"csynth_rpt", "C synthesis of one module, Vivado HLS or Vitis HLS, text", isHlsReport, readHlsReport},
      {"csynth_summary", "C synthesis summary of Vitis HLS, text (csynth.rpt)", isHlsSummary, readHlsSummary},
      {"csynth_xml", "C synthesis of one module or all, XML", isHlsXml, readHlsXml},
      {"hls_export", "synthesis or implementation run by export_design, text", isHlsExport, readHlsExport},
      {"cosim_rpt", "co-simulation, text", isHlsCosimulation, readHlsCosimulation},
      {"vivado_utilization_hierarchical", "Vivado report_utilization -hierarchical", isVivadoHierarchy,
       readVivadoHierarchy},
      {"vivado_utilization", "Vivado report_utilization", isVivadoUtilization, readVivadoUtilization},
      {"vivado_timing", "Vivado report_timing_summary", isVivadoTiming, readVivadoTiming},
      {"oneapi_summary", "oneAPI estimated resources (summary.ndjson)", isOneapiSummary, readOneapiSummary},
      {"oneapi_loops", "oneAPI loop attributes (loop_attr.ndjson)", isOneapiLoops, readOneapiLoops},
      {"quartus_fit", "Quartus fitter figures of oneAPI (quartus.ndjson)", isQuartusFit, readQuartusFit},
  };
  return all;
}

}  // namespace sluice::flow::vendor
