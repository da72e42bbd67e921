#pragma once

#include <string>
#include <string_view>
#include <vector>

/// Reports for tests, made up in the manner of each tool: short, and each with what the real ones of our collection
/// happen not to have.
namespace sluice::flow::vendor {

/// Vivado HLS as of 2018: no times; two nested loops, one of which the tool could not bound.
inline constexpr std::string_view csynthSample = R"(

================================================================
== Vivado HLS Report for 'top'
================================================================
* Date:           Mon Jan  1 00:00:00 2018

* Version:        2018.2 (Build 1 on Mon Jan  1 00:00:00 MST 2018)
* Project:        prj
* Target device:  xc7z020clg400-1


================================================================
== Performance Estimates
================================================================
+ Timing (ns): 
    * Summary: 
    +--------+-------+----------+------------+
    |  Clock | Target| Estimated| Uncertainty|
    +--------+-------+----------+------------+
    |ap_clk  |   5.00|     4.350|        0.62|
    +--------+-------+----------+------------+

+ Latency (clock cycles): 
    * Summary: 
    +-----+-----+-----+-----+---------+
    |  Latency  |  Interval | Pipeline|
    | min | max | min | max |   Type  |
    +-----+-----+-----+-----+---------+
    |   20|    ?|   20|    ?|   none  |
    +-----+-----+-----+-----+---------+

    + Detail: 
        * Instance: 
        N/A

        * Loop: 
        +-----------+-----+-----+----------+-----------+-----------+---------+----------+
        |           |  Latency  | Iteration|  Initiation Interval  |   Trip  |          |
        | Loop Name | min | max |  Latency |  achieved |   target  |  Count  | Pipelined|
        +-----------+-----+-----+----------+-----------+-----------+---------+----------+
        |- Rows     |    4|    ?|   4 ~ 20 |          -|          -|  1 ~ 28 |    no    |
        | + Columns |    3|   18|         4|          1|          1|       15|    yes   |
        +-----------+-----+-----+----------+-----------+-----------+---------+----------+


================================================================
== Utilization Estimates
================================================================
* Summary: 
+-----------------+---------+-------+--------+-------+
|       Name      | BRAM_18K| DSP48E|   FF   |  LUT  |
+-----------------+---------+-------+--------+-------+
|Expression       |        -|      -|       0|      2|
|Memory           |        3|      -|      64|     10|
+-----------------+---------+-------+--------+-------+
|Total            |        3|      0|      64|     12|
+-----------------+---------+-------+--------+-------+
|Available        |      280|    220|  106400|  53200|
+-----------------+---------+-------+--------+-------+
|Utilization (%)  |        1|      0|   ~0   |  ~0   |
+-----------------+---------+-------+--------+-------+

+ Detail: 
    * Memory: 
    +---------+--------------+---------+---+----+------+-----+------+-------------+
    |  Memory |    Module    | BRAM_18K| FF| LUT| Words| Bits| Banks| W*Bits*Banks|
    +---------+--------------+---------+---+----+------+-----+------+-------------+
    |table_U  |top_table     |        3| 64|  10|  1024|   18|     1|        18432|
    +---------+--------------+---------+---+----+------+-----+------+-------------+
    |Total    |              |        3| 64|  10|  1024|   18|     1|        18432|
    +---------+--------------+---------+---+----+------+-----+------+-------------+


================================================================
== Interface
================================================================
)";

/// A dataflow region, a loop, and one module called twice by the same parent.
inline constexpr std::string_view summarySample = R"(

================================================================
== Synthesis Summary Report of 'top'
================================================================
+ General Information: 
    * Date:           Mon Jan  1 00:00:00 2024
    * Version:        2024.1 (Build 1 on Jan  1 2024)
    * Product family: virtexuplus
    * Target device:  xcu50-fsvh2104-2-e

+ Performance & Resource Estimates: 

    PS: '+' for module; 'o' for loop; '*' for dataflow
    +------------------+------+------+---------+---------+----------+---------+------+----------+--------+---------+-----------+------------+-----+
    |      Modules     | Issue|      | Latency | Latency | Iteration|         | Trip |          |        |         |           |            |     |
    |      & Loops     | Type | Slack| (cycles)|   (ns)  |  Latency | Interval| Count| Pipelined|  BRAM  |   DSP   |     FF    |     LUT    | URAM|
    +------------------+------+------+---------+---------+----------+---------+------+----------+--------+---------+-----------+------------+-----+
    |+ top*            |     -|  0.31|       40|  200.000|         -|       20|     -|  dataflow|  5 (~0%)|        -|  333 (~0%)|  1460 (~0%)|    -|
    | + relu           |    II|  2.63|        0|    0.000|         -|        1|     -|       yes|       -|        -|          -|    96 (~0%)|    -|
    | + relu           |    II|  2.63|        0|    0.000|         -|        1|     -|       yes|       -|        -|          -|    96 (~0%)|    -|
    | + dense          |     -| -0.60|       19|   95.000|         -|       20|     -|        no|  5 (~0%)|        -|          -|   618 (~0%)|    -|
    |  o Reuse         |     -|  3.65|       18|   90.000|         3|        1|    16|       yes|       -|        -|          -|           -|    -|
    +------------------+------+------+---------+---------+----------+---------+------+----------+--------+---------+-----------+------------+-----+
)";

inline constexpr std::string_view xmlSample = R"(<?xml version="1.0"?>
<profile>
<ReportVersion><Version>2021.1</Version></ReportVersion>
<UserAssignments>
<Part>xc7z007s-clg225-2</Part><TopModelName>top</TopModelName>
<TargetClockPeriod>3.33</TargetClockPeriod><ClockUncertainty>0.42</ClockUncertainty>
<TargetInitiationInterval>4294967295</TargetInitiationInterval>
</UserAssignments>
<PerformanceEstimates>
<PipelineType>yes</PipelineType>
<SummaryOfTimingAnalysis><unit>ns</unit><EstimatedClockPeriod>3.236</EstimatedClockPeriod></SummaryOfTimingAnalysis>
<SummaryOfOverallLatency>
<Best-caseLatency>54</Best-caseLatency><Worst-caseLatency>undef</Worst-caseLatency>
<Worst-caseRealTimeLatency>0.180 us</Worst-caseRealTimeLatency>
<Interval-min>2</Interval-min><Interval-max>undef</Interval-max>
</SummaryOfOverallLatency>
</PerformanceEstimates>
<AreaEstimates>
<Resources><DSP>796</DSP><FF>60582</FF><LUT>62431</LUT><BRAM_18K>5</BRAM_18K></Resources>
<AvailableResources><BRAM_18K>100</BRAM_18K><DSP>66</DSP><FF>28800</FF><LUT>14400</LUT></AvailableResources>
</AreaEstimates>
<ModuleInformation>
<Module><Name>dense</Name>
<PerformanceEstimates><SummaryOfOverallLatency><Worst-caseLatency>6</Worst-caseLatency>
<PipelineInitiationInterval>2</PipelineInitiationInterval></SummaryOfOverallLatency></PerformanceEstimates>
<AreaEstimates><Resources><BRAM_18K>1</BRAM_18K><LUT>17374</LUT></Resources></AreaEstimates>
</Module>
</ModuleInformation>
</profile>
)";

/// Of an implementation: both critical paths.
inline constexpr std::string_view exportSample = R"(

Implementation tool: Xilinx Vivado v.2020.1
Project:             prj
Solution:            solution1
Device target:       xc7z020-clg400-1
Report date:         Mon Jan 01 00:00:00 UTC 2024

#=== Post-Implementation Resource usage ===
SLICE:          512
LUT:           1500
FF:            2400
DSP:             66
BRAM:             7
SRL:             48
#=== Final timing ===
CP required:    5.000
CP achieved post-synthesis:    3.425
CP achieved post-implementation:    5.125
Timing not met
)";

inline constexpr std::string_view cosimSample = R"(Report time       : Mon Jan 01 00:00:00 UTC 2024.
Solution          : solution1.
Simulation tool   : xsim.

+----------+----------+--------------------------+--------------------------+
|          |          |          Latency         |          Interval        |
+   RTL    +  Status  +--------------------------+--------------------------+
|          |          |   min  |   avg  |   max  |   min  |   avg  |   max  |
+----------+----------+--------------------------+--------------------------+
|      VHDL|      Fail|      NA|      NA|      NA|      NA|      NA|      NA|
|   Verilog|      Pass|   13961|   18693|   23030|     476|    6981|   13487|
+----------+----------+--------------------------+--------------------------+
)";

inline constexpr std::string_view hierarchySample = R"(Copyright 1986-2020 Xilinx, Inc. All Rights Reserved.
------------------------------------------------------------------------------------
| Tool Version : Vivado v.2020.1 (lin64) Build 1 Mon Jan  1 00:00:00 MDT 2020
| Command      : report_utilization -hierarchical
| Design       : top
| Device       : 7z020clg400-1
| Design State : Fully Placed
------------------------------------------------------------------------------------

Utilization Design Information

Table of Contents
-----------------
1. Utilization by Hierarchy

1. Utilization by Hierarchy
---------------------------

+---------------+--------+------------+------------+---------+------+------+--------+--------+--------------+
|    Instance   | Module | Total LUTs | Logic LUTs | LUTRAMs | SRLs |  FFs | RAMB36 | RAMB18 | DSP48 Blocks |
+---------------+--------+------------+------------+---------+------+------+--------+--------+--------------+
| top           |  (top) |       1526 |       1478 |       0 |   48 | 2428 |      2 |      3 |           66 |
|   (top)       |  (top) |         26 |         26 |       0 |    0 |   28 |      0 |      0 |            0 |
|   dense_U0    |  dense |       1500 |       1452 |       0 |   48 | 2400 |      2 |      3 |           66 |
|     rom_U     |    rom |          0 |          0 |       0 |    0 |    0 |      2 |      3 |            0 |
+---------------+--------+------------+------------+---------+------+------+--------+--------+--------------+
)";

/// Meets timing; the second clock has no hold paths and a generated name below the first.
inline constexpr std::string_view timingSample = R"(Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
------------------------------------------------------------------------------------
| Tool Version : Vivado v.2022.1 (lin64) Build 1 Mon Jan  1 00:00:00 MDT 2022
| Command      : report_timing_summary
| Design       : top
| Device       : 7z020-clg400
| Design State : Physopt postRoute
------------------------------------------------------------------------------------

Timing Summary Report

------------------------------------------------------------------------------------------------
| Design Timing Summary
| ---------------------
------------------------------------------------------------------------------------------------

    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)  THS Failing Endpoints  THS Total Endpoints     WPWS(ns)     TPWS(ns)  TPWS Failing Endpoints  TPWS Total Endpoints  
    -------      -------  ---------------------  -------------------      -------      -------  ---------------------  -------------------     --------     --------  ----------------------  --------------------  
      0.125        0.000                      0                 7000        0.007        0.000                      0                 7000        2.005        0.000                       0                  5105  


All user specified timing constraints are met.


------------------------------------------------------------------------------------------------
| Clock Summary
| -------------
------------------------------------------------------------------------------------------------

Clock     Waveform(ns)         Period(ns)      Frequency(MHz)
-----     ------------         ----------      --------------
ap_clk    {0.000 2.500}        5.000           200.000         
  clk_2x  {0.000 1.250}        2.500           400.000         


------------------------------------------------------------------------------------------------
| Intra Clock Table
| -----------------
------------------------------------------------------------------------------------------------

Clock             WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)  THS Failing Endpoints  THS Total Endpoints     WPWS(ns)     TPWS(ns)  TPWS Failing Endpoints  TPWS Total Endpoints  
-----             -------      -------  ---------------------  -------------------      -------      -------  ---------------------  -------------------     --------     --------  ----------------------  --------------------  
ap_clk              0.125        0.000                      0                 7000        0.007        0.000                      0                 7000        2.005        0.000                       0                  5105  
  clk_2x                                                                                                                                                        1.005        0.000                       0                     2  


------------------------------------------------------------------------------------------------
| Timing Details
| --------------
------------------------------------------------------------------------------------------------
)";

/// An UltraScale device of a newer Vivado: a column "Prohibited", tiles that end in a half.
inline constexpr std::string_view utilizationSample = R"(Copyright 1986-2023 Xilinx, Inc. All Rights Reserved.
------------------------------------------------------------------------------------
| Tool Version : Vivado v.2023.2 (lin64) Build 1 Mon Jan  1 00:00:00 MDT 2023
| Command      : report_utilization
| Design       : top
| Device       : xcu50-fsvh2104-2-e
| Design State : Synthesized
------------------------------------------------------------------------------------

Utilization Design Information

Table of Contents
-----------------
1. CLB Logic
2. BLOCKRAM
3. ARITHMETIC
4. Primitives

1. CLB Logic
------------

+-------------------------+------+-------+------------+-----------+-------+
|        Site Type        | Used | Fixed | Prohibited | Available | Util% |
+-------------------------+------+-------+------------+-----------+-------+
| CLB LUTs*               | 1300 |     0 |          0 |    871680 |  0.15 |
|   LUT as Logic          | 1300 |     0 |          0 |    871680 |  0.15 |
|   LUT as Memory         |    0 |     0 |          0 |    403200 |  0.00 |
| CLB Registers           |  333 |     0 |          0 |   1743360 |  0.02 |
| CARRY8                  |   12 |     0 |          0 |    108960 |  0.01 |
+-------------------------+------+-------+------------+-----------+-------+


2. BLOCKRAM
-----------

+-------------------+------+-------+------------+-----------+-------+
|     Site Type     | Used | Fixed | Prohibited | Available | Util% |
+-------------------+------+-------+------------+-----------+-------+
| Block RAM Tile    |  4.5 |     0 |          0 |      1344 |  0.33 |
|   RAMB36/FIFO*    |    3 |     0 |          0 |      1344 |  0.22 |
|   RAMB18          |    3 |     0 |          0 |      2688 |  0.11 |
| URAM              |    1 |     0 |          0 |       640 |  0.16 |
+-------------------+------+-------+------------+-----------+-------+


3. ARITHMETIC
-------------

+-----------+------+-------+------------+-----------+-------+
| Site Type | Used | Fixed | Prohibited | Available | Util% |
+-----------+------+-------+------------+-----------+-------+
| DSPs      |    2 |     0 |          0 |      5952 |  0.03 |
+-----------+------+-------+------------+-----------+-------+


4. Primitives
-------------

+----------+------+---------------------+
| Ref Name | Used | Functional Category |
+----------+------+---------------------+
| FDRE     |  333 |            Register |
+----------+------+---------------------+
)";

inline std::vector<std::string> samples() {
  std::vector<std::string> all;
  for (const std::string_view sample : {csynthSample, summarySample, xmlSample, exportSample, cosimSample,
                                        hierarchySample, timingSample, utilizationSample})
    all.emplace_back(sample);
  return all;
}

}  // namespace sluice::flow::vendor
